import assert from "node:assert/strict";
import { rollcall } from "./rollcall_process.ts";
import { fetchJson, MIB, setUp } from "./fetch/published_release.ts";

/** A port on which nobody listens. */
function closedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

Deno.test("rollcall: a proxy in the environment is not asked for tracker, feed and .torrent", async () => {
  const asked: string[] = [];
  const proxy = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
    asked.push(url);
    return new Response("a proxy that reaches nobody", { status: 502 });
  });
  const former = Deno.env.get("HTTP_PROXY");
  // All commands inherit it.
  Deno.env.set("HTTP_PROXY", `http://127.0.0.1:${proxy.addr.port}`);
  try {
    await using test = await setUp(MIB);
    const { folder, publisher, torrentUrl } = test;
    const { verified } = await fetchJson(publisher.feedUrl, "--to", `${folder}/copy`);
    assert.ok(verified);
    await fetchJson(torrentUrl, "--to", `${folder}/by-torrent`, "--no-reuse");
    const run = await rollcall(
      "fetch",
      `http://127.0.0.1:${closedPort()}/feed.json`,
      "--to",
      `${folder}/none`,
    );
    assert.equal(run.status, 1);
    assert.match(run.stderr, /refused.* \(asked directly, and not by HTTP_PROXY\)/);
    assert.deepEqual(asked, []);
  } finally {
    if (former === undefined) Deno.env.delete("HTTP_PROXY");
    else Deno.env.set("HTTP_PROXY", former);
    await proxy.shutdown();
  }
});
