/**
 * What the models of hosts and operators get handed: the tree, randomness, and the network that can lose a reply.
 *
 * @module
 */

import type { Invariants } from "./invariants.ts";
import type { Random } from "./random.ts";
import type { Reading } from "./reading.ts";
import type { Operation, TreeModel } from "./tree_model.ts";

/** What a `multi` is for, so that the invariants can be checked at the moment it happens. */
export type Purpose =
  | {
    readonly kind: "admission";
    readonly service: string;
    readonly host: string;
    readonly reading: Reading;
    readonly version: string;
    readonly isCatchUp: boolean;
  }
  | {
    readonly kind: "finish";
    readonly service: string;
    readonly host: string;
    readonly reading: Reading;
  }
  | { readonly kind: "slot"; readonly service: string; readonly host: string }
  | { readonly kind: "other" };

/** One `multi` on its way. */
export interface Transaction {
  readonly session: number;
  readonly operations: readonly Operation[];
  readonly purpose: Purpose;
}

/** What the sender learns: done, refused, or nothing at all. */
export type Outcome =
  | { readonly kind: "done"; readonly zxid: number; readonly created: readonly string[] }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "unknown" };

/** A rule of the protocol that is left out on purpose, to show that the simulation notices. */
export type Sabotage =
  | "no_counter"
  | "no_control_check"
  | "no_step_fence"
  | "ephemeral_slot";

/** Thrown in the turn in which an agent dies, so that nothing of the turn goes on: neither fault nor violation. */
export class AgentDied extends Error {
  override readonly name = "AgentDied";
}

/** Everything outside of a host. */
export interface Environment {
  readonly tree: TreeModel;
  readonly random: Random;
  readonly invariants: Invariants;
  readonly sabotage: Sabotage | null;
  /** Whether things still go wrong. */
  hasFaults(): boolean;
  /** Whether a version passes its health gate on that host, this time. */
  isHealthy(service: string, host: string, version: string): boolean;
  /**
   * Sends a `multi`; the reply may be lost, and the sender may even die before the `multi` happens.
   *
   * @throws {AgentDied} Then it is the sender's end.
   */
  send(transaction: Transaction): Outcome;
  /** An agent's end leaves its session behind, for the ensemble to notice some time. */
  orphan(session: number): void;
  /** One turn of an actor, after which the invariants are checked. Ends the run if one does not hold. */
  turn<T>(act: () => T): T;
  /** The longest wait between two steps of a host, in milliseconds, stalls aside. */
  readonly paceMs: number;
  /** Notes what happened, for the report of a failed run. */
  note(event: string): void;
}
