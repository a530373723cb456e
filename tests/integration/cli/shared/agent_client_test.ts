/** Asking an endpoint that the tree names where its agent's actors are: whoever answers is not trusted. */

import assert from "node:assert/strict";
import { actorsUrl } from "../../../../cli/shared/agent_client.ts";
import { describeError } from "../../../../cli/shared/errors.ts";

function startEndpoint(handler: (request: Request) => Response | Promise<Response>) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handler);
  return {
    endpoint: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function problemOf(endpoint: string): Promise<string> {
  try {
    return `expected a refusal, was ${await actorsUrl(endpoint)}`;
  } catch (error) {
    return describeError(error);
  }
}

Deno.test("actorsUrl: the address at the endpoint's own host", async () => {
  await using agent = startEndpoint(() => Response.json({ url: "tcp://127.0.0.1:7071" }));
  assert.equal(await actorsUrl(agent.endpoint), "tcp://127.0.0.1:7071");
});

Deno.test("actorsUrl: an answer without end is cut off at a bound, not kept", async () => {
  let sentBytes = 0;
  await using liar = startEndpoint(() =>
    new Response(
      new ReadableStream({
        pull(controller) {
          controller.enqueue(new Uint8Array(65_536).fill(32));
          sentBytes += 65_536;
        },
      }),
    )
  );
  assert.match(await problemOf(liar.endpoint), /answers with more than 4096 bytes/);
  assert.ok(sentBytes < 16 * 1024 * 1024, `${sentBytes} bytes were taken`);
});

Deno.test("actorsUrl: no redirect is followed, and no other machine or protocol is taken", async () => {
  let reached = false;
  await using other = startEndpoint(() => {
    reached = true;
    return Response.json({ url: "tcp://127.0.0.1:1" });
  });
  await using sender = startEndpoint(() => Response.redirect(`${other.endpoint}/actors`));
  assert.match(
    await problemOf(sender.endpoint),
    /answers with status 302: is it an agent of Rollcall\?/,
  );
  assert.equal(reached, false);
  for (const url of ["tcp://10.0.0.1:22", "http://127.0.0.1:1", "unix:/run/x", "", 7]) {
    await using liar = startEndpoint(() => Response.json({ url }));
    assert.match(await problemOf(liar.endpoint), /something else than tcp:\/\/127\.0\.0\.1:PORT/);
  }
});

Deno.test("actorsUrl: an endpoint that is no HTTP address is not asked", async () => {
  assert.match(await problemOf("file:///etc/passwd"), /expected http or https, was file:/);
  assert.match(
    await problemOf("data:application/json,{}"),
    /where the agent's actors can be reached/,
  );
});
