/**
 * The error with which the server refuses a request. It becomes an error reply, never an error of the process.
 *
 * @module
 */

import { resultCodes, type ZooKeeperErrorCode } from "../../errors.ts";

/** The codes that a server can answer with. */
export type RefusalCode = Extract<ZooKeeperErrorCode, keyof typeof resultCodes>;

/** A request that is refused with one of ZooKeeper's result codes. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: RefusalCode;

  constructor(code: RefusalCode) {
    super(code);
    this.code = code;
  }

  /** The code's number on the wire. */
  get number(): number {
    return resultCodes[this.code];
  }
}
