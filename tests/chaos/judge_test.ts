/** What a run's evidence is found to show. */

import assert from "node:assert/strict";
import { resolvePolicy } from "../../rollout/mod.ts";
import type { Decisions, SlotLife } from "./decisions.ts";
import { type Deed, type Evidence, judge } from "./judge.ts";
import type { EventKind } from "./schedule.ts";
import type { Sighting } from "./witness.ts";

const HOSTS = ["a", "b", "c"];

function sighting(host: string, version: string, seen: Partial<Sighting> = {}): Sighting {
  return {
    host,
    version,
    pid: 1,
    sinceMs: 1_000,
    data: `bytes of ${version}`,
    stoppingMs: null,
    endedMs: null,
    ...seen,
  };
}

/** A host's slot to v2 that passed its fence, from second 100 to 110. */
function slot(host: string, life: Partial<SlotLife> = {}): SlotLife {
  return {
    host,
    from: "v1",
    to: "v2",
    policy: resolvePolicy({}),
    takenMs: 100_000,
    fencedMs: 101_000,
    endedMs: 110_000,
    ...life,
  };
}

function deed(
  kind: EventKind,
  host: string | null,
  times: Partial<Deed> & { fromMs: number },
): Deed {
  return { kind, host, untilMs: times.fromMs + 1_000, killed: [], ...times };
}

/**
 * The problems of a fleet of which every service process was counted as serving. Hosts of which nothing is said serve v1 all
 * the time.
 */
function problems(
  seen: readonly Sighting[],
  { deeds = [], ...decisions }: Partial<Decisions> & Pick<Partial<Evidence>, "deeds"> = {},
): string[] {
  const unseen = HOSTS.filter((host) => !seen.some((one) => one.host === host));
  const sightings = [...seen, ...unseen.map((host) => sighting(host, "v1"))];
  return judge({
    hosts: HOSTS,
    sightings,
    deeds,
    published: ["v1", "v2"].map((version) => ({ version, data: `bytes of ${version}`, atMs: 0 })),
    decisions: {
      slots: [],
      withdrawals: [],
      served: sightings.map(({ host, version, sinceMs }) => ({
        host,
        version,
        atMs: sinceMs + 100,
      })),
      counts: new Map(),
      violations: [],
      ...decisions,
    },
  }).map(({ check, what }) => `${check}: ${what}`);
}

const STOPPED = { stoppingMs: 102_000, endedMs: 102_100 };

Deno.test("judge: a stop within a slot past its fence is right", () => {
  const next = sighting("a", "v2", { pid: 2, sinceMs: 103_000 });
  assert.deepEqual(problems([sighting("a", "v1", STOPPED), next], { slots: [slot("a")] }), []);
});

Deno.test("judge: a service that goes down without a slot past its fence", () => {
  const what =
    "slot: a went down with v1 (pid 1): expected a slot that stands and has passed its " +
    "fence, there was none";
  const stopped = [sighting("a", "v1", STOPPED)];
  assert.deepEqual(problems(stopped), [what]);
  assert.deepEqual(problems(stopped, { slots: [slot("b")] }), [what]);
  assert.deepEqual(problems(stopped, { slots: [slot("a", { fencedMs: null })] }), [what]);
  assert.deepEqual(problems(stopped, { slots: [slot("a", { fencedMs: 102_001 })] }), [what]);
  assert.deepEqual(problems(stopped, { slots: [slot("a", { endedMs: 101_500 })] }), [what]);
  // One that crashed without having been told to end.
  assert.deepEqual(problems([sighting("a", "v1", { endedMs: 50_000 })]), [what]);
});

Deno.test("judge: what a power cut has killed was no stop, what it has not killed was one", () => {
  const killed = [sighting("a", "v1", { pid: 7, endedMs: 50_010 })];
  const cut = (pids: readonly number[], host = "a") => ({
    deeds: [deed("power_cut", host, { fromMs: 50_000, killed: pids })],
  });
  assert.deepEqual(problems(killed, cut([7])), []);
  assert.equal(problems(killed, cut([8])).length, 1);
  assert.equal(problems(killed, cut([7], "b")).length, 1);
});

Deno.test("judge: the end of a trial that never counted as serving takes nobody down", () => {
  assert.deepEqual(problems([sighting("a", "v1", STOPPED)], { served: [] }), []);
});

Deno.test("judge: more hosts that are down for their switch than the policy allows", () => {
  const stopped = [sighting("a", "v1", STOPPED), sighting("b", "v1", STOPPED)];
  const slots = [slot("a"), slot("b")];
  const found = problems(stopped, { slots });
  assert.equal(
    found[0],
    "concurrency: a was stopped for its switch while b were down for theirs, at most 1 may be",
  );
  assert.ok(found.some((line) => line.startsWith("budget: ")));
  const policy = resolvePolicy({ maxConcurrent: 2, maxUnavailable: 2 });
  assert.deepEqual(
    problems(stopped, { slots: [slot("a", { policy }), slot("b", { policy })] }),
    [],
  );
  // Its switch has failed, and the way back too: it is down, but not for its switch, and the budget has room for it.
  const over = slot("b", { takenMs: 90_000, fencedMs: 91_000, endedMs: 95_000 });
  const failed = sighting("b", "v1", { stoppingMs: 92_000, endedMs: 92_100 });
  const roomy = slot("a", { policy: resolvePolicy({ maxUnavailable: 2 }) });
  assert.deepEqual(problems([sighting("a", "v1", STOPPED), failed], { slots: [roomy, over] }), []);
  // Back before the next one goes.
  const back = sighting("b", "v2", { pid: 2, sinceMs: 101_900 });
  const early = sighting("b", "v1", { stoppingMs: 101_100, endedMs: 101_200 });
  assert.deepEqual(problems([sighting("a", "v1", STOPPED), early, back], { slots }), []);
});

Deno.test("judge: a host that has been down for long counts against the budget, one that fell just now does not", () => {
  const others = (endedMs: number) => [
    sighting("a", "v1", STOPPED),
    sighting("b", "v1", { pid: 7, endedMs }),
    sighting("c", "v1"),
  ];
  const cut = (fromMs: number) => deed("power_cut", "b", { fromMs, killed: [7] });
  const slots = [slot("a")];
  assert.deepEqual(problems(others(50_010), { slots, deeds: [cut(50_000)] }), [
    "budget: a was stopped for its switch while b were down, at most 1 may be",
  ]);
  assert.deepEqual(problems(others(100_010), { slots, deeds: [cut(100_000)] }), []);
  // Without a leader no session ends.
  const election = deed("leader_kill", null, { fromMs: 95_000 });
  assert.deepEqual(problems(others(50_010), { slots, deeds: [cut(50_000), election] }), []);
  // A host that is unwell itself makes nothing worse.
  const unwell = deed("unhealthy", "a", { fromMs: 101_000 });
  assert.deepEqual(problems(others(50_010), { slots, deeds: [cut(50_000), unwell] }), []);
});

Deno.test("judge: only what was published answers, with the bytes that were published", () => {
  assert.deepEqual(problems([sighting("a", "v9")]), [
    "published: a answers with v9, which was not",
  ]);
  assert.deepEqual(problems([sighting("a", "v1", { data: "others" })]), [
    "content: a runs v1 from other bytes than were published",
  ]);
});

Deno.test("judge: no new host begins with a withdrawn version", () => {
  const withdrawals = [{ version: "v2", fromMs: 200_000, untilMs: null }];
  const begun = sighting("a", "v2", { sinceMs: 210_000 });
  const what = "withdrawn: a begins with v2, which was withdrawn";
  assert.deepEqual(problems([begun], { withdrawals }), [what]);
  assert.deepEqual(problems([sighting("a", "v2", { sinceMs: 201_000 })], { withdrawals }), []);
  assert.deepEqual(problems([sighting("a", "v2", { endedMs: null }), begun], { withdrawals }), []);
  const underWay = slot("a", { fencedMs: 199_000, endedMs: null });
  assert.deepEqual(problems([begun], { withdrawals, slots: [underWay] }), []);
  const late = slot("a", { fencedMs: 201_000, endedMs: null });
  assert.deepEqual(problems([begun], { withdrawals, slots: [late] }), [what]);
  // A host that was stopped as a whole knows nothing of it yet.
  const frozen = deed("agent_freeze", "a", { fromMs: 195_000, untilMs: 209_000 });
  assert.deepEqual(problems([begun], { withdrawals, deeds: [frozen] }), []);
});
