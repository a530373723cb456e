/** The command line of `deno task test:chaos`. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));

Deno.test("test:chaos: a wrong argument gets one message and exit 2", async () => {
  const wrong = [["--runs", "x"], ["--hosts", "0"], ["--faults", "thunder"], ["--bogus"], ["more"]];
  for (const args of wrong) {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", MAIN, ...args],
      stdout: "null",
    }).output();
    const said = new TextDecoder().decode(stderr).trimEnd();
    assert.equal(code, 2, said);
    assert.match(said, /^error: /);
    assert.equal(said.split("\n").length, 1, said);
  }
});
