/**
 * Measurements behind the dispatcher's design: the cost of a turn of the event loop, and how long a
 * socket waits in a process that yields to the event loop all the time. See docs/decisions/010-dispatch.md.
 *
 * deno run -A scripts/bench/actors/event_loop.ts
 */

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function spin(durationMs: number): void {
  const untilMs = performance.now() + durationMs;
  while (performance.now() < untilMs);
}

async function costMicros(times: number, run: () => unknown): Promise<string> {
  for (let count = 0; count < times / 10; count++) await run();
  const startMs = performance.now();
  for (let count = 0; count < times; count++) await run();
  return `${((performance.now() - startMs) / times * 1_000).toFixed(2)} µs`;
}

async function turns(count: number): Promise<void> {
  for (let left = count; left > 0; left--) await turn();
}

/** Round trips of a byte over loopback while the process works and lets `pass` turns pass, in turns. */
async function roundTrip(workMs: number, pass: number) {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [near, far] = await Promise.all([
    Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
    listener.accept(),
  ]);
  const echoing = far.readable.pipeTo(far.writable).catch(() => {});
  let running = true;
  let worked = 0;
  const working = (async () => {
    while (running) {
      spin(workMs);
      worked++;
      await turns(pass);
    }
  })();
  const buffer = new Uint8Array(1);
  const times = 10;
  const startMs = performance.now();
  const workedBefore = worked;
  for (let count = 0; count < times; count++) {
    await near.write(buffer);
    await near.read(buffer);
  }
  const tookMs = performance.now() - startMs;
  const busy = (worked - workedBefore) * workMs / tookMs;
  running = false;
  await working;
  near.close();
  await echoing;
  return { tripMs: tookMs / times, busy };
}

print(`| what | cost |\n| --- | --- |`);
print(`| reading performance.now() | ${await costMicros(100_000, () => performance.now())} |`);
print(`| one turn (setImmediate) | ${await costMicros(100_000, turn)} |`);
print(`| 64 turns | ${await costMicros(2_000, () => turns(64))} |`);
print(
  `| setTimeout(0) | ${await costMicros(
    300,
    () => new Promise((resolve) => setTimeout(resolve, 0)),
  )} |`,
);

print(`\n| work between yields | turns per yield | round trip | share of time for work |`);
print("| --- | --- | --- | --- |");
for (const workMs of [0.2, 0.5, 1, 2, 4]) {
  for (const pass of [1, 32, 61, 64, 128]) {
    const { tripMs, busy } = await roundTrip(workMs, pass);
    print(
      `| ${workMs} ms | ${pass} | ${tripMs.toFixed(2)} ms | ${(busy * 100).toFixed(1)}% |`,
    );
  }
}
