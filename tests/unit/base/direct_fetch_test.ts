import assert from "node:assert/strict";
import { fetchDirectly } from "../../../base/direct_fetch.ts";

Deno.test("fetchDirectly: the message says why there is no answer, and an abort is the caller's", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const url = `http://127.0.0.1:${port}/`;
  const reason = new Error("enough");
  const stop = new AbortController();
  const waiting = fetchDirectly(url, { signal: stop.signal });
  stop.abort(reason);
  await assert.rejects(waiting, (error) => error === reason);
  listener.close();
  await assert.rejects(
    fetchDirectly(url, {}),
    (error) =>
      error instanceof TypeError && /^tcp connect error: Connection refused/.test(error.message),
  );
});
