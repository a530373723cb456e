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

Deno.test("rollcall hosts, rollout skip: a name that could be nobody's is a typing error, with status 2", async () => {
  // Regression: it was looked for in the tree, and not found there, with status 1.
  const drained = await rollcall("hosts", "drain", "web 1");
  assert.equal(drained.status, 2);
  assert.match(drained.stderr, /expected a name \(up to 64 letters, .*\), was "web 1"/);
  const skipped = await rollcall("rollout", "skip", "web-1", "--service", "a/b");
  assert.equal(skipped.status, 2);
  assert.match(skipped.stderr, /--service <name>.*expected a name \(.*\), was "a\/b"/);
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
      "pin",
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
