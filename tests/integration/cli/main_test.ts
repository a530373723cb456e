import assert from "node:assert/strict";
import { rollcall } from "./rollcall_process.ts";

Deno.test("rollcall: an unknown command, option or address ends with status 2 and says what is expected", async () => {
  const unknown = await rollcall("agnet");
  assert.equal(unknown.status, 2);
  assert.match(unknown.stderr, /unknown command 'agnet'.*\n.*Did you mean agent\?/);
  assert.match(unknown.stderr, /\(rollcall --help shows the commands\)/);
  const address = await rollcall("tracker", "--listen", "nowhere");
  assert.equal(address.status, 2);
  assert.match(address.stderr, /expected HOST:PORT such as 127\.0\.0\.1:2181, was "nowhere"/);
  const missing = await rollcall("agent");
  assert.equal(missing.status, 2);
  assert.match(missing.stderr, /required option '-c, --config <file>' not specified/);
});

Deno.test("rollcall: every command has help, with status 0", async () => {
  for (
    const command of [
      "coordinator",
      "tracker",
      "publish",
      "unpublish",
      "fetch",
      "seed",
      "agent",
      "rollout",
      "status",
      "host",
      "logs",
      "actors",
    ]
  ) {
    const { status, stdout } = await rollcall(command, "--help");
    assert.equal(status, 0, command);
    assert.match(stdout, new RegExp(`Usage: rollcall ${command}`), command);
  }
});
