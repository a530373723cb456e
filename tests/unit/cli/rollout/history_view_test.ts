/** Tests of the history as text. */

import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { renderEvents, renderHistory } from "../../../../cli/rollout/history_view.ts";
import type { RecordedEvent, RecordedRollout } from "../../../../coordination/mod.ts";

const ROLLOUT: RecordedRollout = {
  schema: 1,
  id: "20261129-235950.000-abcd",
  by: "ann@admin",
  startedMs: Date.UTC(2026, 10, 29, 23, 59, 50),
  endedMs: null,
  state: "running",
  waves: [
    { service: "web", from: "v1", version: "v2", hosts: ["web-1"], finishedMs: 1 },
    { service: "web", from: "v1", version: "v2", hosts: null, finishedMs: null },
  ],
};

const SWITCH = {
  schema: 1,
  kind: "switch",
  service: "web",
  host: "web-1",
  from: "v1",
  to: "v2",
  reason: null,
} as const;

const EVENTS: RecordedEvent[] = [
  {
    ...SWITCH,
    outcome: "switched",
    steps: [{ step: "draining", tookMs: 200 }, { step: "baking", tookMs: 3_000 }],
    atMs: Date.UTC(2026, 10, 29, 23, 59, 58),
  },
  {
    ...SWITCH,
    outcome: "failed",
    cause: "watch",
    reason: "v2 has failed after its switch: the process ended",
    steps: [],
    lines: ["bad magic"],
    atMs: Date.UTC(2026, 10, 30, 0, 0, 3),
  },
  {
    ...SWITCH,
    host: "web-2",
    outcome: "failed",
    cause: "preparation",
    reason: "v2 cannot be prepared: no progress for 10m",
    steps: [],
    atMs: Date.UTC(2026, 10, 30, 0, 0, 4),
  },
  {
    schema: 1,
    kind: "order",
    order: "promote",
    by: "ben@admin",
    reason: "looks fine",
    service: "web",
    atMs: Date.UTC(2026, 10, 30, 0, 0, 5),
  },
];

function show(rollout: RecordedRollout, columns = 120): string[] {
  const told = { rollout, events: EVENTS, problems: [] };
  return stripVTControlCharacters(renderEvents(told, { columns })).split("\n");
}

Deno.test("renderEvents: days and times in UTC whatever the machine's zone, failures without a switch, orders", () => {
  const zone = Deno.env.get("TZ");
  try {
    // Regression: the times were those of the admin box, beside logs in UTC.
    Deno.env.set("TZ", "Asia/Tokyo");
    assert.deepEqual(show(ROLLOUT), [
      "20261129-235950.000-abcd  running  by ann@admin",
      "  ✔ web v1 → v2 on web-1   · web v1 → v2",
      "2026-11-29 UTC",
      "23:59:58  ✔ web-1  web v1 → v2  3.2 s (draining 200 ms, baking 3.0 s)",
      "2026-11-30 UTC",
      "00:00:03  ✘ web-1  web v2 failed after its switch",
      "          v2 has failed after its switch: the process ended",
      "            | bad magic",
      "00:00:04  ✘ web-2  web v2 could not be prepared",
      "          v2 cannot be prepared: no progress for 10m",
      "00:00:05  promote web by ben@admin",
      "          looks fine",
    ]);
  } finally {
    if (zone === undefined) Deno.env.delete("TZ");
    else Deno.env.set("TZ", zone);
  }
});

Deno.test("renderEvents: steps that do not fit beside a switch stand below it", () => {
  assert.deepEqual(show(ROLLOUT, 60).slice(3, 5), [
    "23:59:58  ✔ web-1  web v1 → v2  3.2 s",
    "          (draining 200 ms, baking 3.0 s)",
  ]);
});

Deno.test("renderEvents, renderHistory: a restart keeps the version, and is not told as a switch to it", () => {
  const waves = [{ service: "web", from: "v2", version: "v2", hosts: null, finishedMs: 1 }];
  const restarted: RecordedEvent = {
    ...SWITCH,
    from: "v2",
    outcome: "switched",
    steps: [{ step: "baking", tookMs: 3_000 }],
    atMs: 0,
  };
  const told = { rollout: { ...ROLLOUT, waves }, events: [restarted], problems: [] };
  const text = stripVTControlCharacters(renderEvents(told, { columns: 120 }));
  assert.match(text, /\n {2}✔ web v2 started anew\n/);
  assert.match(text, /✔ web-1 {2}web v2 started anew {2}3\.0 s \(baking 3\.0 s\)/);
});

Deno.test("renderHistory: says what was rolled back, and by which rollout", () => {
  const reason = "v2 failed on web-1";
  const ignoresFreeze = { by: "web-1", reason };
  const back = { ...ROLLOUT, id: "20261130-000010.000-dcba", rollsBack: ROLLOUT.id, ignoresFreeze };
  const rolledBack = { by: back.id, reason };
  const ended = {
    ...ROLLOUT,
    reason: "new index",
    state: "aborted",
    endedMs: ROLLOUT.startedMs + 20_000,
  } as const;
  const text = stripVTControlCharacters(
    renderHistory({ rollouts: [back, { ...ended, rolledBack }], problems: [] }),
  );
  assert.match(text, /\n {2}rolls back 20261129-235950\.000-abcd\n/);
  // Windows hold up no rollback, so there is nothing to say of them.
  assert.doesNotMatch(text, /freeze/);
  assert.match(text, /aborted after 20\.0 s/);
  assert.match(text, /\n {2}reason: new index\n/);
  assert.match(
    text,
    /\n {2}rolled back by 20261130-000010\.000-dcba: v2 failed on web-1\nWhat happened in one, .* rollcall rollout history ID$/,
  );
});
