/**
 * The cases in Comedy: https://github.com/untu/comedy. Its actors live in this process, or in a thread
 * or process that it starts.
 *
 * @module
 */

import { remoteAsk, throughWorker } from "./crossing.js";
import { loadPeer } from "./peer.js";
import { serve } from "./serve.js";

const { default: comedy } = await loadPeer("comedy");
const system = comedy({ log: { info() {}, warn() {}, error() {}, debug() {}, trace() {} } });
const root = await system.rootActor();

let done = Promise.withResolvers();
let expected = 0;
let seen = 0;

const counter = await root.createChild({
  count(message) {
    if (message !== seen) throw new Error(`expected ${seen}, got ${message}`);
    seen = (seen + 1) % expected;
    if (seen === 0) done.resolve();
  },
});
const answerer = await root.createChild({ ask: (value) => value + 1 });
const playing = {
  ball({ left, to, from }) {
    if (left === 0) done.resolve();
    else to.send("ball", { left: left - 1, to: from, from: to });
  },
};
const players = [await root.createChild(playing), await root.createChild(playing)];

/** A way to ask an actor that lives in a thread or process of its own. */
async function connect(mode) {
  const actor = await root.createChild({ ask: (value) => value + 1 }, { mode });
  return (value) => actor.sendAndReceive("ask", value);
}

await serve({
  rates: {
    tell: {
      count: 10_000,
      run(count) {
        done = Promise.withResolvers();
        expected = count;
        for (let message = 0; message < count; message++) counter.send("count", message);
        return done.promise;
      },
    },
    ask: {
      count: 1_000,
      async run(count) {
        for (let value = 0; value < count; value++) {
          const answer = await answerer.sendAndReceive("ask", value);
          if (answer !== value + 1) throw new Error(`expected ${value + 1}, got ${answer}`);
        }
      },
    },
    "ping-pong": {
      count: 10_000,
      run(count) {
        done = Promise.withResolvers();
        players[0].send("ball", { left: count - 1, to: players[1], from: players[0] });
        return done.promise;
      },
    },
    "spawn and stop": {
      count: 100,
      async run(count) {
        let stopped = 0;
        const definition = { destroy: () => void stopped++ };
        const actors = await Promise.all(
          Array.from({ length: count }, () => root.createChild(definition)),
        );
        await Promise.all(actors.map((actor) => actor.destroy()));
        if (stopped !== count) throw new Error(`expected ${count} ends, got ${stopped}`);
      },
    },
    "message through a worker": throughWorker(() => connect("threaded")),
    "remote ask": remoteAsk(() => connect("forked")),
  },
  spawnIdle: (count) => Promise.all(Array.from({ length: count }, () => root.createChild({}))),
});
