/** The cases in nact: https://github.com/ncthbrt/nact. */

import { loadPeer } from "./peer.js";
import { serve } from "./serve.js";

const { default: { dispatch, query, spawn, start, stop } } = await loadPeer("nact");
const system = start();

/** A promise with its way to resolve it. */
let done = Promise.withResolvers();
let expected = 0;

const counter = spawn(
  system,
  (seen, message) => {
    if (message !== seen) throw new Error(`expected ${seen}, got ${message}`);
    if (seen + 1 === expected) done.resolve();
    return (seen + 1) % expected;
  },
  "counter",
  { initialState: 0 },
);

const answerer = spawn(
  system,
  (asked, message, context) => {
    dispatch(context.sender, message.value + 1);
    return asked + 1;
  },
  "answerer",
  { initialState: 0 },
);

const players = ["ping", "pong"].map((name) =>
  spawn(
    system,
    (state, ball) => {
      if (ball.left === 0) done.resolve();
      else dispatch(ball.to, { left: ball.left - 1, to: ball.from, from: ball.to });
      return state;
    },
    name,
    { initialState: 0 },
  )
);

const quiet = (state) => state;
let names = 0;

await serve({
  rates: {
    tell: {
      count: 10_000,
      run(count) {
        done = Promise.withResolvers();
        expected = count;
        for (let message = 0; message < count; message++) dispatch(counter, message);
        return done.promise;
      },
    },
    ask: {
      count: 1_000,
      async run(count) {
        for (let value = 0; value < count; value++) {
          const answer = await query(answerer, { value }, 5_000);
          if (answer !== value + 1) throw new Error(`expected ${value + 1}, got ${answer}`);
        }
      },
    },
    "ping-pong": {
      count: 10_000,
      run(count) {
        done = Promise.withResolvers();
        dispatch(players[0], { left: count - 1, to: players[1], from: players[0] });
        return done.promise;
      },
    },
    "spawn and stop": {
      count: 1_000,
      run(count) {
        done = Promise.withResolvers();
        let stopped = 0;
        const afterStop = () => {
          if (++stopped === count) done.resolve();
        };
        const actors = [];
        for (let index = 0; index < count; index++) {
          actors.push(spawn(system, quiet, `s${names++}`, { initialState: 0, afterStop }));
        }
        for (const actor of actors) stop(actor);
        return done.promise;
      },
    },
  },
  spawnIdle(count, prefix) {
    return Array.from(
      { length: count },
      (_, index) => spawn(system, quiet, `${prefix}${index}`, { initialState: 0 }),
    );
  },
  busy: {
    "one busy actor"() {
      let running = true;
      let handled = 0;
      const actor = spawn(system, (_state, _message, context) => {
        handled++;
        if (running) dispatch(context.self, "go");
      }, `busy${names++}`);
      dispatch(actor, "go");
      return () => {
        running = false;
        return handled;
      };
    },
  },
});
