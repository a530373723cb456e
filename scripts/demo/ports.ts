/**
 * Chooses ports for the demo's services, which keep them from one version to the next.
 *
 * @module
 */

import { DemoError } from "./deadlines.ts";

const LOWEST_PORT = 10_000;
/** Tries for each port. On a machine where nine ports of ten are taken, all twenty fail only once in eight times. */
const TRIES_PER_PORT = 20;

/**
 * Chooses free ports on loopback, below the range that the kernel uses for outgoing connections: otherwise one of the fleet's
 * many connections could take the port of a service while that is between two versions.
 */
export function pickFreePorts(count: number): number[] {
  const highestPort = outgoingRangeStart() - 1;
  const picked = new Set<number>();
  for (let tries = 0; picked.size < count && tries < count * TRIES_PER_PORT; tries++) {
    const port = LOWEST_PORT + Math.floor(Math.random() * (highestPort - LOWEST_PORT + 1));
    if (!picked.has(port) && isFree(port)) picked.add(port);
  }
  if (picked.size < count) {
    throw new DemoError(
      `free ports: expected ${count} from ${LOWEST_PORT} to ${highestPort}, found ${picked.size}`,
    );
  }
  return [...picked];
}

function outgoingRangeStart(): number {
  // Linux's default, for a machine whose setting cannot be read or leaves no room below.
  const fallback = 32_768;
  try {
    const text = Deno.readTextFileSync("/proc/sys/net/ipv4/ip_local_port_range");
    const start = Number.parseInt(text, 10);
    return start > LOWEST_PORT + 1_000 ? start : fallback;
  } catch {
    return fallback;
  }
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch {
    return false;
  }
}
