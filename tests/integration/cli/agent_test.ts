import assert from "node:assert/strict";
import { rollcall } from "./rollcall_process.ts";

Deno.test("rollcall agent: a wrong config names each place, and the key that was meant", async () => {
  const path = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(
      path,
      [
        "host: web-1",
        "site: s1",
        "rack: r1",
        "zookeper: 127.0.0.1:2181",
        "dataDir: /nonexistent",
        "services:",
        "  A:",
        "    comand: [sleep, '1']",
        "    stopGrace: 5",
        "    health: { type: http }",
      ].join("\n"),
    );
    const { status, stderr } = await rollcall("agent", "--config", path);
    assert.equal(status, 2);
    assert.match(stderr, /zookeper: unknown key, did you mean "zookeeper"\?/);
    assert.match(stderr, /services\.A\.comand: unknown key, did you mean "command"\?/);
    assert.match(
      stderr,
      /services\.A\.stopGrace: expected a duration such as 500ms, 30s, 5m or 2h/,
    );
    assert.match(stderr, /services\.A\.health\.url: missing/);
    assert.doesNotMatch(stderr, /^\s+at /m);
  } finally {
    await Deno.remove(path);
  }
});
