/**
 * Runs before the program in a binary that the tests make with Deno 2.6, and does there what Deno 2.9 does by itself, so
 * that the rest of the program can be tried. No part of Rollcall: only `binary_test.ts` compiles it in.
 *
 * @module
 */

import { ClientRequest } from "node:http";

// The program refuses an older Deno, as it should.
Object.defineProperty(Deno, "version", { value: { ...Deno.version, deno: "2.9.0" } });

// Before 2.8 node:child_process puts these in front of the arguments when a binary starts itself.
if (Deno.args[0] === "run" && Deno.args[1] === "-A") {
  Object.defineProperty(Deno, "args", { value: Deno.args.slice(2) });
}

// In 2.6 a request without an agent never says that it is closed, which a health check waits for.
const emit = ClientRequest.prototype.emit;
ClientRequest.prototype.emit = function (this: ClientRequest, name: string, ...args: unknown[]) {
  const [response] = args;
  if (name === "response") {
    (response as NodeJS.EventEmitter).once("end", () => {
      queueMicrotask(() => emit.call(this, "close"));
    });
  }
  return emit.call(this, name, ...args);
} as typeof emit;

// In 2.6 a file has only the lock that waits. Nobody else locks what the tests of the binary use, so it never does.
if (!("tryLockSync" in Deno.FsFile.prototype)) {
  Object.defineProperty(Deno.FsFile.prototype, "tryLockSync", {
    value(this: Deno.FsFile, exclusive?: boolean): boolean {
      this.lockSync(exclusive);
      return true;
    },
  });
}
