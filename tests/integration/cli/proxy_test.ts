import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { ProxyReport } from "./proxy_process.ts";

const PROCESS = fileURLToPath(new URL("./proxy_process.ts", import.meta.url));

Deno.test("rollcall: a proxy in the environment is not asked for tracker, feed and .torrent", async () => {
  const asked: string[] = [];
  const proxy = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
    asked.push(url);
    return new Response("a proxy that reaches nobody", { status: 502 });
  });
  try {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", PROCESS],
      // All commands of it inherit this.
      env: { HTTP_PROXY: `http://127.0.0.1:${proxy.addr.port}` },
      stdin: "null",
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    const report: ProxyReport = JSON.parse(new TextDecoder().decode(stdout));
    assert.equal(report.verified, 2);
    assert.match(report.unreachable, /refused .*\(asked directly, and not by HTTP_PROXY\)/);
    assert.deepEqual(asked, []);
  } finally {
    await proxy.shutdown();
  }
});
