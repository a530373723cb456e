/** Comlink, which makes calls of a worker's messages: https://github.com/GoogleChromeLabs/comlink. */

import { throughWorker } from "./crossing.js";
import { loadPeer } from "./peer.js";
import { serve } from "./serve.js";

const { wrap } = await loadPeer("comlink");

await serve({
  rates: {
    "message through a worker": throughWorker(() => {
      const url = new URL("./comlink_worker.js", import.meta.url);
      return wrap(new Worker(url, { type: "module" }));
    }),
  },
});
