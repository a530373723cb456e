/** No library: what the channels themselves cost, with a number on each question and nothing else. */

import { remoteAsk, throughWorker } from "./crossing.js";
import { startOther } from "./other_process.js";
import { serve } from "./serve.js";

/** Questions that wait, by number. */
function asking(send) {
  const waiting = new Map();
  let number = 0;
  return {
    ask(value) {
      const { promise, resolve } = Promise.withResolvers();
      waiting.set(++number, resolve);
      send({ number, value });
      return promise;
    },
    answered({ number, value }) {
      waiting.get(number)(value);
      waiting.delete(number);
    },
  };
}

function connectWorker() {
  const worker = new Worker(new URL("./bare_worker.js", import.meta.url), { type: "module" });
  const { ask, answered } = asking((question) => worker.postMessage(question));
  worker.onmessage = ({ data }) => answered(data);
  return ask;
}

/** JSON, a line each. */
async function connectProcess() {
  const port = Number(await startOther("./bare_process.js"));
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  conn.setNoDelay(true);
  const { ask, answered } = asking((question) => {
    conn.write(new TextEncoder().encode(`${JSON.stringify(question)}\n`));
  });
  (async () => {
    const buffer = new Uint8Array(65_536);
    let rest = "";
    for (let length = await conn.read(buffer); length !== null; length = await conn.read(buffer)) {
      const lines = (rest + new TextDecoder().decode(buffer.subarray(0, length))).split("\n");
      rest = lines.pop();
      for (const line of lines) answered(JSON.parse(line));
    }
  })();
  return ask;
}

await serve({
  rates: {
    "message through a worker": throughWorker(connectWorker),
    "remote ask": remoteAsk(connectProcess),
  },
});
