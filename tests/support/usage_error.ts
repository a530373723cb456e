/**
 * A wrong command line of one of the project's programs.
 *
 * @module
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

/** Expects that a program refuses each of these arguments with one line on stderr and exit status 2. */
export async function expectUsageErrors(
  program: URL,
  wrong: readonly (readonly string[])[],
): Promise<void> {
  for (const args of wrong) {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", fileURLToPath(program), ...args],
      stdout: "null",
    }).output();
    const said = new TextDecoder().decode(stderr).trimEnd();
    assert.equal(code, 2, said);
    assert.match(said, /^error: /);
    assert.equal(said.split("\n").length, 1, said);
  }
}
