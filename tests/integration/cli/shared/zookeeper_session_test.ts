import assert from "node:assert/strict";
import { rollcall } from "../rollcall_process.ts";

Deno.test("rollcall status: no server to be had ends with status 1 and what to look at", async () => {
  // Nobody listens on the discard port of loopback.
  const { status, stderr } = await rollcall("status", "--zookeeper", "127.0.0.1:9");
  assert.equal(status, 1);
  assert.match(stderr, /no server of 127\.0\.0\.1:9 answered within 10 s; is it running/);
});
