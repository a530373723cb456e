/**
 * How late a timer fires, and how long a byte takes to a socket on loopback and back, in this
 * process and while it does whatever else it does.
 *
 * @module
 */

import { createConnection, createServer } from "node:net";

function summary(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part) =>
    sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? null;
  return { count: sorted.length, median: at(0.5), p99: at(0.99), max: at(1) };
}

async function timers(untilMs) {
  const lateMs = [];
  while (performance.now() < untilMs) {
    const startMs = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 2));
    lateMs.push(performance.now() - startMs - 2);
  }
  return summary(lateMs);
}

async function sockets(untilMs) {
  const server = createServer((socket) => socket.pipe(socket));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const socket = createConnection(server.address().port, "127.0.0.1");
  socket.setNoDelay(true);
  await new Promise((resolve) => socket.once("connect", resolve));
  const roundTripMs = [];
  while (performance.now() < untilMs) {
    const startMs = performance.now();
    await new Promise((resolve) => {
      socket.once("data", resolve);
      socket.write("x");
    });
    roundTripMs.push(performance.now() - startMs);
  }
  socket.destroy();
  server.close();
  return summary(roundTripMs);
}

/** Runs both for the time, one after the other. */
export async function measureDelays(durationMs) {
  const timer = await timers(performance.now() + durationMs / 2);
  const socket = await sockets(performance.now() + durationMs / 2);
  return { timer, socket };
}
