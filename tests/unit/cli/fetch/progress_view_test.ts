import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import {
  type ProgressView,
  renderProgress,
  renderProgressLine,
  timeLeftMs,
} from "../../../../cli/fetch/progress_view.ts";
import { MIB, progress, view } from "./progress_fixtures.ts";

function lines(more: Partial<ProgressView> = {}, columns = 80): string[] {
  return stripVTControlCharacters(renderProgress({ ...view, ...more }, { columns })).split("\n");
}

Deno.test("renderProgress: name, bar, rate, time left, peers and bytes by distance", () => {
  const [title, bar, flow, peers, ...rest] = lines();
  assert.equal(title, "web v2  200 MiB in 3 files → web-v2");
  // A quarter of 74 cells.
  assert.equal(bar, `${"━".repeat(18)}╸${"━".repeat(55)}  25 %`);
  assert.equal(flow, "50.0 MiB of 200 MiB   10.0 MiB/s   15 s left   ↑ 3.0 MiB/s");
  assert.equal(peers, "peers 3 rack 30.0 MiB · 2 site 15.0 MiB · 1 remote 5.0 MiB");
  assert.deepEqual(rest, []);
});

Deno.test("renderProgress: no line is wider than the terminal, at any share and in any phase", () => {
  for (const columns of [40, 57, 80, 200]) {
    for (const phase of ["reusing", "fetching", "verifying", "seeding"] as const) {
      for (let percent = 0; percent <= 100; percent++) {
        const bytes = percent * 2 * MIB;
        const more = {
          phase,
          progress: { ...progress, verifiedBytes: bytes },
          checkedBytes: bytes,
          root: `/${"deep/".repeat(40)}end`,
          trouble: `announce to http://tracker:8000/announce: ${"no answer ".repeat(20)}`,
        };
        for (const line of lines(more, columns)) assert.ok(line.length <= columns, line);
        if (phase === "seeding") continue;
        const [, bar = ""] = lines(more, columns);
        assert.equal(bar.length, Math.min(columns, 100), `${percent} % of ${columns} columns`);
        assert.ok(bar.endsWith(` ${percent} %`));
      }
    }
  }
});

Deno.test("renderProgress: what is taken from earlier releases, while it is and afterwards", () => {
  const [, bar, flow] = lines({ phase: "reusing", checkedBytes: 100 * MIB });
  assert.match(bar ?? "", / 50 %$/);
  assert.equal(flow, "from earlier releases on this machine: 100 MiB");
  assert.match(lines({ reusedBytes: 20 * MIB })[2] ?? "", /↑ 3\.0 MiB\/s {3}20\.0 MiB reused$/);
  assert.match(
    renderProgressLine({ ...view, phase: "reusing", checkedBytes: 100 * MIB }),
    /^web v2: reusing, 50 % of 200 MiB, /,
  );
});

Deno.test("renderProgress: 100 % only when all is there, and a release without content is all there", () => {
  const almost = { ...progress, verifiedBytes: 200 * MIB - 1 };
  assert.match(lines({ progress: almost })[1] ?? "", / 99 %$/);
  const empty = { ...progress, verifiedBytes: 0, totalBytes: 0 };
  assert.match(lines({ progress: empty })[1] ?? "", / 100 %$/);
});

Deno.test("renderProgress: seeding shows what was given and when it ends; trouble stands last", () => {
  const text = lines({
    phase: "seeding",
    phaseMs: 61_400,
    seedGoal: "until ratio 2",
    obstacle: "announce failed",
  });
  assert.deepEqual(text.slice(1), [
    "▲ 3.0 MiB/s   gave 100 MiB, ratio 0.50   1 min 01 s, until ratio 2",
    "peers 3 rack 100 MiB · 2 site · 1 remote",
    "announce failed",
  ]);
});

Deno.test("renderProgressLine: one line without colours for each phase", () => {
  assert.equal(
    renderProgressLine(view),
    "web v2: fetching, 25 % of 200 MiB, 10.0 MiB/s, 15 s left, 6 peers",
  );
  assert.equal(
    renderProgressLine({ ...view, phase: "verifying", checkedBytes: 100 * MIB }),
    "web v2: verifying, 50 % of 200 MiB, 6 peers",
  );
  assert.equal(
    renderProgressLine({ ...view, phase: "seeding", obstacle: "no peers" }),
    "web v2: seeding, gave 100 MiB, 3.0 MiB/s, 6 peers (no peers)",
  );
});

Deno.test("timeLeftMs: unknown while nothing moves, and never beyond what anybody can foresee", () => {
  assert.equal(timeLeftMs(progress), 15_000);
  assert.equal(timeLeftMs({ ...progress, downloadBytesPerSecond: 0 }), undefined);
  assert.equal(timeLeftMs({ ...progress, downloadBytesPerSecond: 1 }), undefined);
  assert.equal(timeLeftMs({ ...progress, verifiedBytes: progress.totalBytes }), 0);
});
