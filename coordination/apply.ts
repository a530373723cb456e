/**
 * Carries out the transactions of `rollout/transactions/`, and tells what has become of one that fails.
 *
 * @module
 */

import type { transactions } from "../rollout/mod.ts";
import {
  type CallOptions,
  hasCode,
  type MultiOperation,
  type MultiResult,
  op,
  type ZooKeeper,
} from "../zookeeper/mod.ts";
import { multiClearing } from "./foreign_children.ts";

/** Most attempts of a transaction that is decided on anew each time. An attempt fails if another host's comes first, and few of them happen at once. */
const ROUNDS_MAX = 10;

/**
 * Executes a transaction. What strangers have put below the nodes that it deletes goes first.
 *
 * @throws {ZooKeeperError} when nothing has happened ({@link isRefused}), or when that is not known ({@link isUnknown}).
 */
export async function apply(
  zk: ZooKeeper,
  transaction: transactions.Transaction,
  options: CallOptions = {},
): Promise<MultiResult[]> {
  return await multiClearing(zk, transaction.map(toOperation), options);
}

/**
 * Executes a transaction that rests on a reading.
 *
 * @returns Whether it happened; `false`: something has changed since the reading, so read again and decide again.
 */
export async function applyIfUnchanged(
  zk: ZooKeeper,
  transaction: transactions.Transaction,
): Promise<boolean> {
  try {
    await apply(zk, transaction);
    return true;
  } catch (error) {
    if (isRefused(error)) return false;
    throw error;
  }
}

/**
 * Reads, decides and executes, again if something has changed in between.
 *
 * @param decide Reads, and returns the transaction, and what the call returns once it has happened. `isAgain`: what was read
 * before was refused, so it has to read what is new.
 */
export async function applyDecision<T>(
  zk: ZooKeeper,
  decide: (isAgain: boolean) => Promise<
    {
      readonly operations: transactions.Transaction;
      readonly result: (results: readonly MultiResult[]) => T;
    }
  >,
): Promise<T> {
  for (let round = 1;; round++) {
    const { operations, result } = await decide(round > 1);
    try {
      return result(operations.length === 0 ? [] : await apply(zk, operations));
    } catch (error) {
      if (round === ROUNDS_MAX || !isRefused(error)) throw error;
    }
  }
}

/** Whether a transaction was refused because a node was not as it expects it. */
export function isRefused(error: unknown): boolean {
  return hasCode(error, "BAD_VERSION", "NO_NODE", "NODE_EXISTS");
}

/** Whether a transaction may have happened all the same: its reply is lost, or late. */
export function isUnknown(error: unknown): boolean {
  return hasCode(error, "CONNECTION_LOSS", "OPERATION_TIMEOUT");
}

function toOperation(operation: transactions.TreeOperation): MultiOperation {
  const { path } = operation;
  switch (operation.op) {
    case "check":
      return op.check(path, operation.version);
    case "create":
      return op.create(path, operation.data, { mode: operation.mode });
    case "set":
      return op.set(path, operation.data, { version: operation.version });
    case "delete":
      return op.delete(path, { version: operation.version });
  }
}
