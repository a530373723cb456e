// Plays the same sequences on two servers and compares what the clients observed. A difference is shrunk to the few steps
// that cause it.
import { isDeepStrictEqual } from "node:util";
import { play } from "./player.ts";
import { makeSequence, type Step } from "./sequences.ts";
import type { Observation } from "./observations.ts";

/** Ports of two servers that should behave the same. */
export interface Ports {
  coordinator: number;
  real: number;
}

/** Sequences under way at once: enough that neither server waits for the other. */
const workers = 6;

let played = 0;

/** Returns what each server showed; undefined if it is the same. */
async function difference(ports: Ports, steps: readonly Step[]) {
  const root = `/fuzz-${played++}-${Date.now().toString(36)}/root`;
  const [ours, theirs] = await Promise.all([
    play(ports.coordinator, root, steps),
    play(ports.real, root, steps),
  ]);
  const arranged = steps.some(endsSession) ? eventsSorted : (saw: unknown[]) => saw;
  return firstDifference(byClient(ours).map(arranged), byClient(theirs).map(arranged));
}

function endsSession(step: Step): boolean {
  return step.op === "end" || (step.op === "burst" && step.parts.some(({ op }) => op === "end"));
}

/** Sorts events, since no server promises an order in which the ephemeral nodes of a session vanish. */
function eventsSorted(saw: unknown[]): unknown[] {
  const sorted: unknown[] = [];
  let events: string[] = [];
  for (const each of [...saw, undefined]) {
    if (typeof each === "object" && each !== null && "event" in each) {
      events.push(JSON.stringify(each));
      continue;
    }
    sorted.push(...events.sort(), each);
    events = [];
  }
  return sorted;
}

/** Describes the first difference between two lists of observations. */
function firstDifference(ours: unknown[][], theirs: unknown[][]): string | undefined {
  for (let client = 0; client < Math.max(ours.length, theirs.length); client++) {
    const [left = [], right = []] = [ours[client], theirs[client]];
    for (let index = 0; index < Math.max(left.length, right.length); index++) {
      if (isDeepStrictEqual(left[index], right[index])) continue;
      const show = (saw: unknown) => saw === undefined ? "nothing more" : JSON.stringify(saw);
      return `client ${client} saw, after ${index} others,\n  of the coordinator: ${
        show(left[index])
      }\n  of ZooKeeper:       ${show(right[index])}`;
    }
  }
  return undefined;
}

/** Groups observations by client: there is no promise about the order between clients. */
function byClient(observations: Observation[]): unknown[][] {
  const lists: unknown[][] = [];
  for (const { client, saw } of observations) (lists[client] ??= []).push(saw);
  return lists;
}

/** Removes every step that is not needed to show the difference. */
async function shrunk(ports: Ports, steps: Step[]): Promise<Step[]> {
  let kept = steps;
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < kept.length;) {
      const without = [...kept.slice(0, at), ...kept.slice(at + size)];
      if (await difference(ports, without) !== undefined) kept = without;
      else at += size;
    }
  }
  return kept;
}

/**
 * Plays the sequences of `count` seeds from `firstSeed` on.
 *
 * @throws at the first difference, with its seed, its steps and the command that plays it again.
 */
export async function compareServers(
  ports: Ports,
  { firstSeed, count }: { firstSeed: number; count: number },
): Promise<void> {
  let next = firstSeed;
  let failure: { seed: number; steps: Step[]; first: string } | undefined;
  await Promise.all(Array.from({ length: workers }, async () => {
    while (next < firstSeed + count && failure === undefined) {
      const seed = next++;
      const steps = makeSequence(seed);
      const first = await difference(ports, steps);
      if (first !== undefined) failure ??= { seed, steps, first };
    }
  }));
  if (failure === undefined) return;
  const { seed, steps, first } = failure;
  const few = await shrunk(ports, steps);
  const found = await difference(ports, few);
  throw new Error(
    [
      `the coordinator and ZooKeeper differ on seed ${seed}; again with:`,
      `  deno run -A tests/fuzz/zookeeper/main.ts --seed ${seed} --count 1`,
      "steps:",
      ...few.map((step) => `  ${JSON.stringify(step)}`),
      found ?? `(it does not show every time; at first it was this)\n${first}`,
    ].join("\n"),
  );
}
