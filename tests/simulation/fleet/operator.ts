/**
 * The operators of a run: they use the functions that the command line uses, over the same network, through clients of
 * their own. Their replies get lost as anybody's do.
 *
 * @module
 */

import { reasonOf } from "../../../base/reason.ts";
import {
  abortRollout,
  apply,
  createRolloutId,
  drainHost,
  type Fleet,
  forgetHost,
  newestRollout,
  pauseRollout,
  promote,
  readChildren,
  readControl,
  readDeployQueue,
  readFleet,
  readKnownServices,
  readServices,
  releaseQuarantine,
  releaseSlot,
  restartService,
  resumeRollout,
  retryHost,
  rollBack,
  skipHost,
  startRollout,
  undrainHost,
} from "../../../coordination/mod.ts";
import {
  checkPlan,
  type Plan,
  type Release,
  SERVICES,
  transactions,
} from "../../../rollout/mod.ts";
import { ZooKeeper } from "../../../zookeeper/mod.ts";
import type { NetworkStream, Party } from "./network.ts";
import { RandomStream } from "./random.ts";
import { ProcessClock } from "./virtual_time.ts";
import type { World } from "./world.ts";

/** What an operator may do. */
export type Verb =
  | {
    readonly kind: "rollout";
    readonly plan: Plan;
    readonly releases: readonly Release[];
    /** Whether the admin box has a program of an earlier version, which does not look for other content. */
    readonly isEarlier?: boolean;
    /** Why its hosts switch in freeze windows, too. Default: they do not. */
    readonly ignoresFreeze?: string;
  }
  /** Has a service started anew everywhere. */
  | { readonly kind: "restart"; readonly service: string }
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  | { readonly kind: "abort" }
  /** Opens the gate of a service's wave, or the only one at which a wave waits. */
  | { readonly kind: "promote"; readonly service?: string }
  | { readonly kind: "rollback" }
  | { readonly kind: "forget"; readonly host: string }
  /** Leaves a host out of the rollout, or has it try again. */
  | { readonly kind: "skip" | "retry"; readonly host: string; readonly service: string }
  /** Frees the slot in a host's name whose machine is gone. */
  | { readonly kind: "release_slot"; readonly host: string }
  /** Ends the quarantine of a host. */
  | { readonly kind: "release_quarantine"; readonly host: string; readonly service: string }
  /** Drains a host for a service, or for all (`service` left out), within the budget or beyond; has it put back. */
  | {
    readonly kind: "drain";
    readonly host: string;
    readonly service?: string;
    readonly isForced: boolean;
  }
  | { readonly kind: "undrain"; readonly host: string }
  /** Deletes a node, as one does with `zkCli.sh`. */
  | { readonly kind: "delete"; readonly path: string };

/** The reason by which the run knows a drain beyond the budget. */
export const FORCED = "forced";

/** The admin box. */
export class Operator implements Party {
  readonly place = "admin";
  readonly clock: ProcessClock;
  readonly #world: World;
  readonly #random: RandomStream;
  readonly #streams = new Set<NetworkStream>();
  readonly #zookeeper: ZooKeeper;
  /** How often each verb was tried, and how often it was done. */
  readonly counts = new Map<string, number>();

  /** `wall` is what its wall clock adds to the time of the run. */
  constructor(world: World, wall: { readonly offsetMs: number }) {
    this.#world = world;
    this.clock = new ProcessClock(world.time, wall);
    this.#random = world.random.fork("operator");
    this.#zookeeper = new ZooKeeper(world.ensemble.connectString, {
      clock: this.clock,
      random: () => this.#random.next(),
      dial: world.ensemble.dialFor(this, this.#streams),
    });
  }

  /** Does something. Resolves to whether it is known to be done. */
  async run(verb: Verb): Promise<boolean> {
    const what = "host" in verb
      ? `${verb.kind} ${verb.host}`
      : verb.kind === "delete"
      ? `delete ${verb.path}`
      : verb.kind;
    this.#count(`${verb.kind} tried`);
    try {
      await this.#do(verb);
      this.#count(`${verb.kind} done`);
      this.#world.trace(null, `operator: ${what} done`);
      return true;
    } catch (error) {
      const reason = reasonOf(error);
      this.#world.trace(null, `operator: ${what} refused or unknown: ${reason}`);
      return false;
    }
  }

  /** Writes into a node by hand what is no entry. */
  spoil(path: string): void {
    this.#byHand(`spoil ${path}`, this.#zookeeper.set(path, "paused"));
  }

  /** Makes a node by hand that is nobody's. */
  makeStray(path: string): void {
    this.#byHand(`make ${path}`, this.#zookeeper.create(path, ""));
  }

  #byHand(what: string, change: Promise<unknown>): void {
    this.#count("by hand tried");
    change.then(() => {
      this.#count("by hand done");
      this.#world.trace(null, `by hand: ${what} done`);
    }, () => {});
  }

  /** The newest rollout, as `rollcall status` shows it. */
  async newestRollout(): Promise<string | null> {
    return await newestRollout(this.#zookeeper);
  }

  /** What `rollcall status` shows; `null` if it does not answer. */
  async status(): Promise<Fleet | null> {
    try {
      return await readFleet(this.#zookeeper);
    } catch {
      return null;
    }
  }

  async #do(verb: Verb): Promise<void> {
    const zk = this.#zookeeper;
    const by = "operator";
    const nowMs = this.clock.wallTimeMs();
    switch (verb.kind) {
      case "rollout":
        return await this.#start(verb);
      case "restart": {
        const id = createRolloutId(nowMs, () => this.#random.next());
        await restartService(zk, verb.service, { id, by, nowMs });
        return;
      }
      case "pause":
        await pauseRollout(zk, { by, reason: "because", sinceMs: nowMs });
        return;
      case "resume":
        await resumeRollout(zk, { by, reason: null, sinceMs: nowMs });
        return;
      case "abort":
        await abortRollout(zk, { by, nowMs });
        return;
      case "release_quarantine":
        await releaseQuarantine(zk, verb.host, { only: [verb.service] });
        return;
      case "promote":
        await promote(zk, { service: verb.service, by, nowMs });
        return;
      case "rollback":
        await rollBack(zk, { by, nowMs, random: () => this.#random.next() });
        return;
      case "forget":
        await forgetHost(zk, verb.host);
        return;
      case "skip":
        await skipHost(zk, { ...verb, by, reason: "because", sinceMs: nowMs });
        return;
      case "retry":
        await retryHost(zk, { ...verb, by, reason: null, sinceMs: nowMs });
        return;
      case "drain": {
        const { host, service, isForced } = verb;
        const reason = isForced ? FORCED : "because";
        const only = service === undefined ? undefined : [service];
        await drainHost(zk, { host, only, by, reason, sinceMs: nowMs, isForced });
        return;
      }
      case "undrain":
        await undrainHost(zk, { host: verb.host, by, reason: null, sinceMs: nowMs });
        return;
      case "release_slot":
        await releaseSlot(zk, verb.host);
        return;
      case "delete":
        await zk.delete(verb.path);
        return;
    }
  }

  async #start(verb: Extract<Verb, { kind: "rollout" }>): Promise<void> {
    const zk = this.#zookeeper;
    const { services, rollout } = await readAndPlan(zk, verb, {
      by: "operator",
      nowMs: this.clock.wallTimeMs(),
      random: () => this.#random.next(),
    });
    const { ignoresFreeze } = verb;
    if (verb.isEarlier !== true) return await startRollout(zk, { ...rollout, ignoresFreeze });
    const control = await readControl(zk);
    const { waves } = await readDeployQueue(zk);
    const view = { control, services, waves: waves.map(({ entry }) => entry) };
    await apply(zk, transactions.startRollout(view, rollout));
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
}

/** Checks a plan against the tree and starts its rollout, as the command line does. */
export async function rollOut(
  zk: ZooKeeper,
  planned: { readonly plan: Plan; readonly releases: readonly Release[] },
  by: { readonly by: string; readonly nowMs: number; readonly random: () => number },
): Promise<void> {
  const { rollout } = await readAndPlan(zk, planned, by);
  await startRollout(zk, rollout);
}

/** Checks a plan against the tree. Gives back what was read, and the rollout. */
async function readAndPlan(
  zk: ZooKeeper,
  { plan, releases }: { readonly plan: Plan; readonly releases: readonly Release[] },
  { by, nowMs, random }: {
    readonly by: string;
    readonly nowMs: number;
    readonly random: () => number;
  },
) {
  const [names = []] = await readChildren(zk, [SERVICES]);
  const services = await readServices(zk, names);
  const known = await readKnownServices(zk, { hostsOf: names });
  const checked = checkPlan(plan, known.services);
  if (!checked.ok) throw new Error(`plan: ${checked.problems.join("; ")}`);
  const rollout = {
    id: createRolloutId(nowMs, random),
    by,
    nowMs,
    services: checked.services,
    waves: checked.waves,
    onFailure: checked.onFailure,
    maxFailures: checked.maxFailures,
    releases: new Map(releases.map((release) => [release.service, release])),
  };
  return { services, rollout };
}
