// How the contenders in JavaScript measure and report.

/** Repeats `run`, which returns the number of operations that it completed, for about `caseMs`; returns operations per second. */
export async function measured(caseMs, run) {
  // A warm-up: compilation and growth of buffers should not count.
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

/** Prints the results, the last line of a contender. */
export function report(results) {
  Deno.stdout.writeSync(
    new TextEncoder().encode(`${JSON.stringify(results)}\n`),
  );
}
