import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(
  new URL("../../../../../scripts/bench/rollout/main.ts", import.meta.url),
);

Deno.test("bench:rollout: a wrong size of a fleet gets one message and exit 2", async () => {
  for (const args of [["--hosts", "1"], ["--hosts", "10,x"], ["--simulated", "1000000"]]) {
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
