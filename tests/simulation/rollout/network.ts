/**
 * The network between the hosts and the tree: requests that happen after their sender died, replies that are lost, and
 * sessions without a client that the ensemble has not expired yet.
 *
 * @module
 */

import { CONTROL, type Control } from "../../../rollout/mod.ts";
import { AgentDied, type Environment, type Outcome, type Transaction } from "./environment.ts";
import { nodeAt } from "./tree_model.ts";

/** The network of one run. */
export class Network {
  readonly #environment: Environment;
  readonly #orphans: number[] = [];
  readonly #inFlight: Transaction[] = [];
  #halts = 0;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** Number of times that a host has halted the rollout. */
  get halts(): number {
    return this.#halts;
  }

  /** See {@link Environment.send}. */
  send(transaction: Transaction): Outcome {
    const { random } = this.#environment;
    if (!this.#environment.hasFaults()) return this.#apply(transaction);
    if (random.chance(0.02)) {
      // It may happen later, in the old session.
      this.#inFlight.push(transaction);
      throw new AgentDied("the agent dies with its request on the way");
    }
    if (random.chance(0.04)) {
      if (random.chance(0.7)) this.#apply(transaction);
      this.#environment.note("reply lost");
      return { kind: "unknown" };
    }
    return this.#apply(transaction);
  }

  /** See {@link Environment.orphan}. */
  orphan(session: number): void {
    this.#orphans.push(session);
  }

  /** Expires the oldest session without a client; false if there is none. */
  expireOrphan(): boolean {
    const session = this.#orphans.shift();
    if (session === undefined) return false;
    this.#environment.tree.expire(session);
    return true;
  }

  /** Executes the oldest delayed request; false if there is none. */
  deliverLate(): boolean {
    const transaction = this.#inFlight.shift();
    if (transaction === undefined) return false;
    const { kind } = this.#apply(transaction);
    this.#environment.note(`a late ${transaction.purpose.kind} multi is ${kind}`);
    return true;
  }

  #apply({ session, operations, purpose }: Transaction): Outcome {
    const { tree, invariants } = this.#environment;
    const note = (event: string) => this.#environment.note(event);
    const before = tree.snapshot;
    const result = tree.multi(session, operations);
    if (!result.isDone) return { kind: "refused", reason: result.reason };
    if (purpose.kind === "admission") {
      note(`${purpose.service}/${purpose.host} admitted for ${purpose.version}`);
    } else if (purpose.kind === "finish") {
      note(`${purpose.host} finished ${purpose.reading.view.wave?.node}`);
    }
    const after = tree.snapshot;
    invariants.checkMulti({ purpose, before, after });
    const [was, is] = [before, after].map((moment) => nodeAt(moment, CONTROL).data as Control);
    if (is?.state === "halted" && was?.state !== "halted") this.#halts++;
    return { kind: "done", zxid: result.zxid, created: result.created };
  }
}
