/** Tests of the line of waves. */

import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { renderWaves } from "../../../../cli/status/waves_view.ts";
import type { Fleet, QueuedWave } from "../../../../coordination/mod.ts";

type Rollout = NonNullable<Fleet["rollout"]>;

const START_MS = Date.UTC(2026, 10, 30, 2, 0);

function wave(changes: Partial<Rollout["waves"][number]> = {}): Rollout["waves"][number] {
  return { service: "A", from: "v1", version: "v2", hosts: null, finishedMs: null, ...changes };
}

function queued(changes: Partial<QueuedWave> = {}): QueuedWave {
  return { service: "A", version: "v2", hosts: null, isNext: false, ...changes };
}

function show(
  waves: Rollout["waves"],
  queue: readonly QueuedWave[],
  { state = "running", columns = 120, services = {} }: {
    state?: Rollout["state"];
    columns?: number;
    services?: Fleet["services"];
  } = {},
): string[] {
  const rollout = { schema: 1, id: "r", by: "ann", startedMs: START_MS, endedMs: null } as const;
  return renderWaves({ ...rollout, waves, state }, { queue, services }, { columns }).map(
    stripVTControlCharacters,
  );
}

Deno.test("renderWaves: what is over, what is under way, what is still to come", () => {
  assert.deepEqual(
    show(
      [
        wave({ hosts: ["web-1"], finishedMs: 1 }),
        wave({ hosts: ["web-2", "web-3"] }),
        wave(),
        wave({ service: "B" }),
      ],
      [queued({ isNext: true }), queued(), queued({ service: "B" })],
    ),
    ["Waves    ✔ A v2 (1 host)   ▶ A v2 (2 hosts)   · A v2   · B v2"],
  );
});

Deno.test("renderWaves: a wave of which all hosts were left out is over, and nobody has tried its version", () => {
  const host = (name: string, isSkipped: boolean) => {
    const slot = { to: "v2", step: "failed", ...isSkipped ? { skipped: { by: "ann" } } : {} };
    return { host: name, slot };
  };
  const line = (...hosts: ReturnType<typeof host>[]) => {
    const services = { A: { hosts } } as unknown as Fleet["services"];
    const waves = [wave({ hosts: ["web-1", "web-2"], finishedMs: 1 }), wave()];
    return show(waves, [queued({ isNext: true })], { services })[0];
  };
  assert.equal(
    line(host("web-1", true), host("web-2", true)),
    "Waves    – A v2 (2 hosts), left out   ▶ A v2",
  );
  assert.equal(
    line(host("web-1", true), host("web-2", false)),
    "Waves    ✔ A v2 (2 hosts)   ▶ A v2",
  );
});

Deno.test("renderWaves: a gate says what it waits for, since the wave before it was over", () => {
  const finishedMs = START_MS + 3_600_000;
  const [line, gate] = show(
    [wave({ hosts: ["web-1"], finishedMs }), wave()],
    [queued({ isNext: true, gate: {} })],
  );
  assert.equal(line, "Waves    ✔ A v2 (1 host)   ⏸ A v2");
  assert.equal(
    gate,
    "         A v2: gate: waits for `rollcall rollout promote`, since 2026-11-30 03:00 UTC",
  );
  // Before the first wave, it waits since the start.
  const [, first] = show([wave()], [queued({ isNext: true, gate: { afterMs: 60_000 } })]);
  assert.equal(first, "         A v2: gate: waits for 1m to pass, since 2026-11-30 02:00 UTC");
});

Deno.test("renderWaves: an open gate, and one of a wave that is not next yet, hold nothing up", () => {
  const opened = { by: "ann", atMs: 0, how: "promoted" };
  assert.deepEqual(
    show([wave({ hosts: ["web-1"] }), wave()], [
      queued({ isNext: true, gate: { opened } }),
      queued({ gate: {} }),
    ]),
    ["Waves    ▶ A v2 (1 host)   · A v2"],
  );
});

Deno.test("renderWaves: services that go at the same time are each under way, and at a gate", () => {
  const lines = show([wave(), wave({ service: "B" })], [
    queued({ isNext: true }),
    queued({ service: "B", isNext: true, gate: {} }),
  ]);
  assert.deepEqual([lines.length, lines[0]], [2, "Waves    ▶ A v2   ⏸ B v2"]);
});

Deno.test("renderWaves: nothing is under way in a rollout that was aborted, though its waves may still be read", () => {
  assert.deepEqual(show([wave()], [queued({ isNext: true, gate: {} })], { state: "aborted" }), [
    "Waves    · A v2",
  ]);
});

Deno.test("renderWaves: no line is wider than the terminal, and none is cut inside a word", () => {
  const waves = Array.from({ length: 6 }, () => wave({ hosts: ["web-1"] }));
  const lines = show(waves, [queued({ isNext: true, gate: {} })], { columns: 72 });
  assert.deepEqual(lines, [
    "Waves    ⏸ A v2 (1 host)   · A v2 (1 host)   · A v2 (1 host)",
    "         · A v2 (1 host)   · A v2 (1 host)   · A v2 (1 host)",
    "         A v2: gate: waits for `rollcall rollout promote`, since",
    "           2026-11-30 02:00 UTC",
  ]);
});
