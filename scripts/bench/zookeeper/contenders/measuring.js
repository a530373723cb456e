// How the contenders in JavaScript measure and report.

/** Repeats `run`, which says how many operations it completed, for about `caseMs`; the result is operations per second. */
export async function measured(caseMs, run) {
  // What is compiled and grown at first should not count.
  await run();
  const startMs = performance.now();
  let completed = 0;
  let nowMs = startMs;
  do {
    completed += await run();
    nowMs = performance.now();
  } while (nowMs - startMs < caseMs);
  return completed / ((nowMs - startMs) / 1000);
}

/** The last thing that a contender says. */
export function report(results) {
  Deno.stdout.writeSync(
    new TextEncoder().encode(`${JSON.stringify(results)}\n`),
  );
}
