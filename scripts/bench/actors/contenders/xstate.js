/**
 * The cases in XState: https://stately.ai/docs/actors. An actor there is `createActor` of transition
 * logic, its lightest kind. It handles an event inline, while the sender waits; instead of an ask it
 * has `waitFor`, which waits for a state that the answer can be seen in.
 */

import { loadPeer } from "./peer.js";
import { serve } from "./serve.js";

const { createActor, fromTransition, waitFor } = await loadPeer("xstate");

let done = Promise.withResolvers();
let expected = 0;

const counter = createActor(fromTransition((seen, { value }) => {
  if (value !== seen) throw new Error(`expected ${seen}, got ${value}`);
  if (seen + 1 === expected) done.resolve();
  return (seen + 1) % expected;
}, 0)).start();

const answerer = createActor(fromTransition((_, { value }) => ({ value, answer: value + 1 }), {}))
  .start();

const playing = fromTransition((state, { left, to, from }) => {
  if (left === 0) done.resolve();
  else to.send({ type: "ball", left: left - 1, to: from, from: to });
  return state;
}, 0);
const players = [createActor(playing).start(), createActor(playing).start()];

const quiet = fromTransition((state) => state, 0);

await serve({
  rates: {
    tell: {
      count: 10_000,
      run(count) {
        done = Promise.withResolvers();
        expected = count;
        for (let value = 0; value < count; value++) counter.send({ type: "tell", value });
        return done.promise;
      },
    },
    ask: {
      count: 1_000,
      async run(count) {
        for (let value = 0; value < count; value++) {
          answerer.send({ type: "ask", value });
          const { context: { answer } } = await waitFor(
            answerer,
            ({ context }) => context.value === value,
            { timeout: 5_000 },
          );
          if (answer !== value + 1) throw new Error(`expected ${value + 1}, got ${answer}`);
        }
      },
    },
    "ping-pong": {
      count: 10_000,
      run(count) {
        done = Promise.withResolvers();
        players[0].send({ type: "ball", left: count - 1, to: players[1], from: players[0] });
        return done.promise;
      },
    },
    "spawn and stop": {
      count: 1_000,
      run(count) {
        let stopped = 0;
        const actors = [];
        for (let index = 0; index < count; index++) {
          const actor = createActor(quiet);
          actor.subscribe({ complete: () => stopped++ });
          actors.push(actor.start());
        }
        for (const actor of actors) actor.stop();
        if (stopped !== count) throw new Error(`expected ${count} ends, got ${stopped}`);
      },
    },
  },
  spawnIdle: (count) => Array.from({ length: count }, () => createActor(quiet).start()),
});
