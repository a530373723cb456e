/**
 * The cases in which a question leaves the thread, the same for all contenders: they differ in how one is asked.
 *
 * @module
 */

/** Questions that are under way at once through a worker. */
const UNDER_WAY = 100;

/** `connect` is called once, at the first run; what it returns asks one question. */
function once(connect) {
  let connecting;
  return () => connecting ??= connect();
}

async function check(ask, value) {
  const answer = await ask(value);
  if (answer !== value + 1) throw new Error(`expected ${value + 1}, got ${answer}`);
}

/** Many at a time, each answered. */
export function throughWorker(connect) {
  const connected = once(connect);
  return {
    count: 1_000,
    async run(count) {
      const ask = await connected();
      let next = 0;
      async function lane() {
        while (next < count) await check(ask, next++);
      }
      await Promise.all(Array.from({ length: UNDER_WAY }, lane));
    },
  };
}

/** One after the other. */
export function remoteAsk(connect) {
  const connected = once(connect);
  return {
    count: 100,
    async run(count) {
      const ask = await connected();
      for (let value = 0; value < count; value++) await check(ask, value);
    },
  };
}
