/** Tests of a plan as text. */

import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { renderForecast } from "../../../../cli/rollout/plan_view.ts";
import type { Forecast, WaveForecast } from "../../../../rollout/mod.ts";

const WAVE: WaveForecast = {
  service: "web",
  version: "v2",
  switching: ["web-1"],
  alreadyThere: [],
  newcomers: [],
  offline: [],
  failedBefore: [],
  drained: [],
  quarantined: [],
  gate: null,
  maxFailures: null,
  after: null,
  servingCount: 3,
  leastServingCount: 2,
  concurrentCount: 1,
  leastMs: 11_000,
  expectedMs: null,
  warnings: [],
};

const FORECAST: Forecast = {
  waves: [WAVE],
  services: [{
    service: "web",
    version: "v2",
    sizeBytes: 2_000_000,
    lackingCount: 3,
    otherSites: [],
    hostCount: 3,
    servingCount: 3,
    leastServingCount: 2,
    switchTimes: null,
  }],
  leastMs: 11_000,
  expectedMs: null,
};

function show(
  changes: Partial<Forecast> = {},
  room: Parameters<typeof renderForecast>[1]["room"] = new Map(),
  busy: string | null = null,
) {
  const options = {
    planPath: "p.yaml",
    planVersion: "0123456789ab",
    busy,
    reuse: new Map([["web", { from: "v1", sharedBytes: 0 }]]),
    room,
    columns: 100,
  };
  return stripVTControlCharacters(renderForecast({ ...FORECAST, ...changes }, options));
}

Deno.test("renderForecast: gates, who stays out and why, and how many serve throughout", () => {
  const text = show({
    waves: [
      { ...WAVE, gate: {}, quarantined: [{ host: "web-2", reason: "flaps" }] },
      {
        ...WAVE,
        gate: { afterMs: 600_000 },
        after: ["web", "db"],
        switching: [],
        offline: ["web-3"],
      },
      { ...WAVE, after: ["web"], servingCount: 0 },
    ],
  });
  assert.match(text, /\n {3}gate: waits for `rollcall rollout promote`\n/);
  assert.match(text, /\n {3}in quarantine, stays as it is until that is over: web-2 \(flaps\)\n/);
  assert.match(text, /\n {3}gate: waits for 10m to pass\n {3}waits for db alone, beside all other/);
  assert.match(
    text,
    /\n {3}beside all other services\n {3}switch: web-1\n {3}no host serves now, .* all start at once\n/,
  );
  assert.match(text, /\nweb: at least 2 of its 3 hosts serve throughout, 3 do now\n/);
  assert.match(
    text,
    /no border between sites to cross; hosts with v1 have nothing of\n {2}it already\n/,
  );
  assert.match(text, /what fetching takes, and a\s+person at a gate, come on top\./);
});

Deno.test("renderForecast: an estimate from what was measured, and none where nothing was", () => {
  assert.match(
    show().replaceAll(/\s+/g, " "),
    / Takes at least 11\.0 s of gates, checks and bake time; no estimate: no switch of web was measured yet; what fetching takes comes on top\. /,
  );
  const switchTimes = { count: 1, medianMs: 1_200 };
  const measured = show({
    expectedMs: 12_200,
    services: FORECAST.services.map((service) => ({ ...service, switchTimes })),
  });
  assert.match(measured, /\nTakes about 12\.2 s, at least 11\.0 s of/);
  assert.match(measured, /\nMeasured so far, without bake time: web 1\.2 s \(1 switch\)\.\n/);
});

Deno.test("renderForecast: hosts without room for it, five by name, and those that do not say", () => {
  const lacking = Array.from({ length: 7 }, (_, index) => ({
    host: `web-${index}`,
    reason: "its disk lacks 1.0 GiB",
  }));
  const text = show({}, new Map([["web", { lacking, unknown: ["db-1"] }]]));
  assert.equal(text.match(/! web-\d has no room: its disk lacks 1\.0 GiB\n/g)?.length, 5);
  assert.match(
    text,
    /\n! and 2 hosts more\n! whether db-1 has room is not known: its agent does not say\n/,
  );
});

Deno.test("renderForecast: what cannot be started now is not offered to be started", () => {
  // Regression: "It could not be started now" was followed by "Start exactly this".
  assert.match(
    show(),
    /Nothing was written\. Start exactly this: rollcall rollout p\.yaml --plan-/,
  );
  const busy = show({}, new Map(), "r-1 is under way");
  assert.match(busy, /\n! It could not be started now: r-1 is under way\nNothing was written\.$/);
});

Deno.test("renderForecast: who gets the version by an earlier wave of the plan is not there already", () => {
  const second = { ...WAVE, switching: ["web-2"], alreadyThere: ["web-1", "web-3"] };
  assert.match(show({ waves: [WAVE, second] }), /\n {3}there already: web-3\n/);
  const other = { ...second, service: "db" };
  assert.match(show({ waves: [WAVE, other] }), /\n {3}there already: web-1, web-3\n/);
});

Deno.test("renderForecast: where nobody can switch now, no pace is said", () => {
  const shown = (concurrentCount: number) => show({ waves: [{ ...WAVE, concurrentCount }] });
  assert.match(shown(1), /keep serving, 1 at a time\n/);
  assert.match(shown(0), /keep serving\n/);
});
