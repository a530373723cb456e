/** `rollcall logs`: the last lines of a service, by the endpoint of its host's agent. */

import assert from "node:assert/strict";
import { endpointActor } from "../../../actors/endpoint/endpoint.ts";
import type { RegistrarMessage } from "../../../actors/registrar/messages.ts";
import { ActorSystem, spawnProbe } from "../../../actors/runtime/mod.ts";
import { PROGRAM, rollcall } from "./rollcall_process.ts";

/** An endpoint that shows the log of the service web, or none. */
async function withEndpoint(
  use: (endpoint: string, log: string) => Promise<void>,
  { isShown = true } = {},
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-cli-" });
  const log = `${folder}/service.log`;
  const system = ActorSystem.create({ name: "test" });
  const { promise, resolve } = Promise.withResolvers<string>();
  try {
    system.spawn(
      "endpoint",
      endpointActor({
        listen: { hostname: "127.0.0.1", port: 0 },
        registrar: spawnProbe<RegistrarMessage>(system, "registrar").ref,
        actors: () => [],
        actorsPort: 1,
        logs: isShown ? new Map([["web", log]]) : undefined,
        onListening: resolve,
      }),
    );
    await use(await promise, log);
  } finally {
    await system.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("rollcall logs: shows the last lines, and nothing that steers the terminal", async () => {
  await withEndpoint(async (endpoint, log) => {
    await Deno.writeTextFile(log, "one\ntwo \x1b]0;pwned\x07\x1b[31mred\nthree\n");
    const shown = await rollcall("logs", endpoint, "web", "--lines", "2");
    assert.equal(shown.status, 0, shown.stderr);
    assert.equal(shown.stdout, "two red\nthree\n");
    const other = await rollcall("logs", endpoint, "db");
    assert.equal(other.status, 1);
    assert.match(
      other.stderr,
      /show the log of db on \S+: its agent at \S+: has no service db, but web/,
    );
    const many = await rollcall("logs", endpoint, "web", "--lines", "100000");
    assert.equal(many.status, 2);
    assert.match(many.stderr, /expected a number from 0 to 1000/);
  });
});

Deno.test("rollcall logs: an agent whose config does not say so shows none", async () => {
  await withEndpoint(async (endpoint) => {
    const { status, stderr } = await rollcall("logs", endpoint, "web");
    assert.equal(status, 1);
    assert.match(stderr, /shows no logs; with serveLogs: true in its config it does/);
  }, { isShown: false });
});

Deno.test("rollcall logs --follow: goes on with what comes, until it is stopped", async () => {
  await withEndpoint(async (endpoint, log) => {
    await Deno.writeTextFile(log, "one\n");
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", PROGRAM, "logs", endpoint, "web", "-f"],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    const chunks = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    const until = async (expected: string) => {
      while (text !== expected) {
        const { value, done } = await chunks.read();
        assert.ok(!done && expected.startsWith(text + value), text + value);
        text += value;
      }
    };
    await until("one\n");
    await Deno.writeTextFile(log, "two\nthree\n", { append: true });
    await until("one\ntwo\nthree\n");
    child.kill("SIGTERM");
    assert.equal((await child.status).code, 0);
    await chunks.cancel();
  });
});
