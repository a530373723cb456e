/**
 * What the models of hosts and operators depend on: the tree, randomness, and the network that can lose a reply.
 *
 * @module
 */

import type { Invariants } from "./invariants.ts";
import type { Random } from "./random.ts";
import type { Reading } from "./reading.ts";
import type { Operation, TreeModel } from "./tree_model.ts";

/** The purpose of a `multi`, so that the invariants can be checked at the moment it happens. */
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

/** What the sender learns: done, refused, or unknown. */
export type Outcome =
  | { readonly kind: "done"; readonly zxid: number; readonly created: readonly string[] }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "unknown" };

/** A rule of the protocol that a test leaves out, to show that the simulation notices. */
export type Sabotage =
  | "no_counter"
  | "no_control_check"
  | "no_step_fence"
  | "ephemeral_slot";

/** Thrown in the turn in which an agent dies, so that the turn ends. It is neither a failure of an actor nor a violation. */
export class AgentDied extends Error {
  override readonly name = "AgentDied";
}

/** Everything outside of a host. */
export interface Environment {
  readonly tree: TreeModel;
  readonly random: Random;
  readonly invariants: Invariants;
  readonly sabotage: Sabotage | null;
  /** Whether faults still happen. */
  hasFaults(): boolean;
  /** Whether a version passes its health gate on that host, this time. */
  isHealthy(service: string, host: string, version: string): boolean;
  /**
   * Sends a `multi`; the reply may be lost, and the sender may even die before the `multi` happens.
   *
   * @throws {AgentDied} when the sender dies.
   */
  send(transaction: Transaction): Outcome;
  /** Leaves the session of an agent that has died, which the ensemble expires later. */
  orphan(session: number): void;
  /** Runs one turn of an actor and then checks the invariants. Ends the run if one does not hold. */
  turn<T>(act: () => T): T;
  /** The longest wait between two steps of a host, in milliseconds, stalls aside. */
  readonly paceMs: number;
  /** Records an event for the report of a failed run. */
  note(event: string): void;
}
