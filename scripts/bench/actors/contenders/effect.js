/**
 * The cases in Effect: https://effect.website. It has no local actor of its own: one here is a fiber
 * that takes from its queue, which is what its users write.
 */

import { loadPeer } from "./peer.js";
import { serve } from "./serve.js";

const { Deferred, Effect, Fiber, Queue } = await loadPeer("effect");

let done = Promise.withResolvers();
let expected = 0;

/** A fiber that hands each message to `handle`. */
function actor(capacity, handle) {
  const queue = Effect.runSync(Queue.bounded(capacity));
  const fiber = Effect.runFork(Effect.gen(function* () {
    for (;;) handle(yield* Queue.take(queue));
  }));
  return { queue, fiber };
}

let seen = 0;
const counter = actor(16_384, (message) => {
  if (message !== seen) throw new Error(`expected ${seen}, got ${message}`);
  seen = (seen + 1) % expected;
  if (seen === 0) done.resolve();
});

const answerer = actor(
  1_024,
  ({ value, answer }) => Deferred.doneUnsafe(answer, Effect.succeed(value + 1)),
);

const play = ({ left, to, from }) => {
  if (left === 0) done.resolve();
  else Queue.offerUnsafe(to.queue, { left: left - 1, to: from, from: to });
};
const players = [actor(1_024, play), actor(1_024, play)];

const tick = () => new Promise((resolve) => setTimeout(resolve, 10));
await tick();

await serve({
  rates: {
    tell: {
      count: 10_000,
      run(count) {
        done = Promise.withResolvers();
        expected = count;
        for (let message = 0; message < count; message++) {
          Queue.offerUnsafe(counter.queue, message);
        }
        return done.promise;
      },
    },
    ask: {
      count: 1_000,
      run: (count) =>
        Effect.runPromise(Effect.gen(function* () {
          for (let value = 0; value < count; value++) {
            const answer = Deferred.makeUnsafe();
            Queue.offerUnsafe(answerer.queue, { value, answer });
            const got = yield* Deferred.await(answer).pipe(Effect.timeout(5_000));
            if (got !== value + 1) throw new Error(`expected ${value + 1}, got ${got}`);
          }
        })),
    },
    "ping-pong": {
      count: 10_000,
      run(count) {
        done = Promise.withResolvers();
        Queue.offerUnsafe(players[0].queue, {
          left: count - 1,
          to: players[1],
          from: players[0],
        });
        return done.promise;
      },
    },
    "spawn and stop": {
      count: 1_000,
      async run(count) {
        const actors = Array.from({ length: count }, () => actor(1_024, () => {}));
        await Effect.runPromise(Fiber.interruptAll(actors.map(({ fiber }) => fiber)));
        for (const { fiber } of actors) {
          if (fiber.pollUnsafe() === undefined) throw new Error("a fiber goes on");
        }
      },
    },
  },
  async spawnIdle(count) {
    const actors = Array.from({ length: count }, () => actor(1_024, () => {}));
    await tick();
    return actors;
  },
  busy: {
    async "one busy actor"() {
      let running = true;
      let handled = 0;
      const busy = actor(1_024, () => {
        handled++;
        if (running) Queue.offerUnsafe(busy.queue, "go");
      });
      await tick();
      Queue.offerUnsafe(busy.queue, "go");
      return () => {
        running = false;
        return handled;
      };
    },
  },
});
