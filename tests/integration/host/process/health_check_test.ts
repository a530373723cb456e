import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { checkHealth, healthCheckSchema } from "../../../../host/mod.ts";
import { eventually, isGone, withFolder } from "../support.ts";

function check(spec: Record<string, unknown>, signal?: AbortSignal) {
  return checkHealth(healthCheckSchema.parse(spec), { signal });
}

async function reasonOf(result: ReturnType<typeof check>): Promise<string> {
  const settled = await result;
  assert.equal(settled.ok, false);
  return settled.ok ? "" : settled.reason;
}

async function withServer(
  handler: (request: Request) => Response | Promise<Response>,
  use: (port: number) => Promise<void>,
) {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, handler);
  try {
    await use(server.addr.port);
  } finally {
    await server.shutdown();
  }
}

/** A port that nobody listens on. */
function closedPort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

Deno.test("checkHealth http takes any 2xx, or exactly the expected status", async () => {
  await withServer(
    (request) =>
      new Response("x".repeat(100_000), { status: Number(new URL(request.url).pathname.slice(1)) }),
    async (port) => {
      const url = `http://127.0.0.1:${port}`;
      assert.deepEqual(await check({ type: "http", url: `${url}/202` }), { ok: true });
      assert.deepEqual(await check({ type: "http", url: `${url}/503`, expectStatus: 503 }), {
        ok: true,
      });
      assert.match(
        await reasonOf(check({ type: "http", url: `${url}/503` })),
        /expected status 2xx, got 503/,
      );
      assert.match(
        await reasonOf(check({ type: "http", url: `${url}/200`, expectStatus: 204 })),
        /expected status 204, got 200/,
      );
      assert.match(await reasonOf(check({ type: "http", url: `${url}/302` })), /got 302/);
    },
  );
});

Deno.test("checkHealth http reports a refused connection and a bad URL", async () => {
  const url = `http://127.0.0.1:${closedPort()}/`;
  assert.match(await reasonOf(check({ type: "http", url })), /http check .*refused/i);
  assert.match(await reasonOf(check({ type: "http", url: "not a url" })), /http check not a url/);
});

Deno.test("checkHealth http gives up on a service that never answers, and one that stops in mid-body", async () => {
  const hanging = Promise.withResolvers<Response>();
  await withServer(() => hanging.promise, async (port) => {
    const url = `http://127.0.0.1:${port}/`;
    assert.match(
      await reasonOf(check({ type: "http", url, timeoutMs: 50 })),
      /no answer within 50ms/,
    );
    hanging.resolve(new Response(null));
  });
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new Uint8Array(10)),
  });
  await withServer(() => new Response(body), async (port) => {
    const url = `http://127.0.0.1:${port}/`;
    assert.match(
      await reasonOf(check({ type: "http", url, timeoutMs: 50 })),
      /no answer within 50ms/,
    );
  });
});

Deno.test("checkHealth tcp connects, or says why not", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    assert.deepEqual(await check({ type: "tcp", port: listener.addr.port }), { ok: true });
  } finally {
    listener.close();
  }
  assert.match(
    await reasonOf(check({ type: "tcp", port: closedPort() })),
    /tcp check 127.*refused/i,
  );
});

Deno.test("checkHealth exec goes by the exit code", async () => {
  assert.deepEqual(await check({ type: "exec", argv: ["true"] }), { ok: true });
  assert.match(
    await reasonOf(check({ type: "exec", argv: ["sh", "-c", "exit 3"] })),
    /got exit code 3/,
  );
  assert.match(
    await reasonOf(check({ type: "exec", argv: ["sh", "-c", "kill -9 $$"] })),
    /SIGKILL/,
  );
  assert.match(await reasonOf(check({ type: "exec", argv: ["/no/such/program"] })), /ENOENT/);
});

Deno.test("checkHealth exec runs a service's check with the service's environment, and as its user", async () => {
  Deno.env.set("ROLLCALL_TEST_SECRET", "hunter2");
  try {
    const script = 'test -z "$ROLLCALL_TEST_SECRET" && test "$PORT" = 9000 && test -n "$PATH"';
    const checkOf = healthCheckSchema.parse({ type: "exec", argv: ["sh", "-c", script] });
    assert.deepEqual(await checkHealth(checkOf, { service: { env: { PORT: "9000" } } }), {
      ok: true,
    });
    assert.equal((await checkHealth(checkOf)).ok, false, "a hook of the operator's own gets all");
    const asNobody = healthCheckSchema.parse({
      type: "exec",
      argv: ["sh", "-c", "test $(id -un) = nobody"],
    });
    const outcome = await checkHealth(asNobody, { service: { env: {}, user: "nobody" } });
    if (Deno.uid() === 0) assert.deepEqual(outcome, { ok: true });
    const unknown = { service: { env: {}, user: "no-such-user-here" } };
    assert.match(await reasonOf(checkHealth(checkOf, unknown)), /expected a user/);
  } finally {
    Deno.env.delete("ROLLCALL_TEST_SECRET");
  }
});

Deno.test("checkHealth exec kills a check that takes too long, with what it started", async () => {
  await withFolder(async (folder) => {
    const pids = join(folder, "pids");
    const script = `sleep 600 & echo $$ $! > ${pids}; echo waits for the pool; wait`;
    const argv = ["sh", "-c", script];
    const reason = await reasonOf(check({ type: "exec", argv, timeoutMs: 300 }));
    assert.match(reason, /^command sh .*: no answer within 300ms: waits for the pool$/);
    const started = (await readFile(pids, "utf8")).trim().split(" ");
    assert.equal(started.length, 2);
    for (const pid of started) await eventually(() => isGone(Number(pid)));
  });
});

Deno.test("checkHealth exec ends what a check has left in the background, also when it succeeded", async () => {
  await withFolder(async (folder) => {
    const pids = join(folder, "pids");
    // The first keeps the output open, the second has closed it.
    const script = `sleep 600 & echo $! > ${pids}; sleep 601 >/dev/null 2>&1 & echo $! >> ${pids}`;
    for (const status of [0, 3]) {
      const argv = ["sh", "-c", `${script}; exit ${status}`];
      assert.equal((await check({ type: "exec", argv })).ok, status === 0);
      const started = (await readFile(pids, "utf8")).trim().split("\n");
      assert.equal(started.length, 2);
      for (const pid of started) await eventually(() => isGone(Number(pid)));
    }
  });
});

Deno.test("checkHealth exec tells the last line of what the check has written", async () => {
  const failing = ["sh", "-c", "echo one; echo 'disk is full' >&2; exit 3"];
  assert.match(
    await reasonOf(check({ type: "exec", argv: failing })),
    /got exit code 3: disk is full$/,
  );
  const well = await check({ type: "exec", argv: ["sh", "-c", "echo left; echo the pool; echo"] });
  assert.deepEqual(well, { ok: true, said: "the pool" });
  const endless = ["sh", "-c", "yes | head -c 1000000; exit 3"];
  assert.match(await reasonOf(check({ type: "exec", argv: endless })), /got exit code 3: y$/);
});

Deno.test("checkHealth throws the signal's reason when it is aborted", async () => {
  const aborting = new AbortController();
  const result = check({ type: "exec", argv: ["sleep", "600"] }, aborting.signal);
  aborting.abort(new Error("the agent stops"));
  await assert.rejects(result, /the agent stops/);
  await assert.rejects(check({ type: "exec", argv: ["true"] }, aborting.signal), /the agent stops/);
});
