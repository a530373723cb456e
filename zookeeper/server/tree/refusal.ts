/**
 * The error with which the server refuses a request. It becomes an error reply, never an error of the process.
 *
 * @module
 */

import { resultCodes, type ZooKeeperErrorCode } from "../../errors.ts";

/** The codes that a server can answer with. */
export type RefusalCode = Extract<ZooKeeperErrorCode, keyof typeof resultCodes>;

/**
 * A request that is refused with one of ZooKeeper's result codes. It is thrown and is no `Error`: whoever catches it needs the
 * code alone, and to note where an error was made takes longer than to execute the request.
 */
export class Refusal {
  readonly code: RefusalCode;

  constructor(code: RefusalCode) {
    this.code = code;
  }

  /** The code's number on the wire. */
  get number(): number {
    return resultCodes[this.code];
  }
}
