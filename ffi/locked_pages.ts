/**
 * What the kernel says that this process has locked, map by map: /proc/self/smaps. memory_lock.ts locks, page_cache.ts asks
 * what is in memory.
 */

import { closeSync, openSync, readSync } from "node:fs";
import type { MemoryMap } from "./memory_map.ts";

/** How much of smaps is read at a time: it has some 700 bytes for each map, and tens of thousands of maps there may be. */
const READ_BYTES = 256 * 1024;

/** One area of the address space, of those that are locked. */
interface LockedArea {
  readonly start: bigint;
  /** Bytes in memory, and in this process's page tables. */
  readonly residentBytes: number;
}

/**
 * How many bytes of each map are locked and in memory now, in whole pages.
 *
 * It counts `Rss` of the areas whose `VmFlags` say that they are locked (`lo`): `Locked` of the same areas, before the kernel
 * divides it among all that have mapped these pages, as a service may. `VmLck` says more, since it is what was asked for. Where a
 * file was cut short the pages are gone, and where part of a huge page is unlocked the kernel takes all of it out of the page
 * tables, after which nothing keeps it in memory; both change `VmLck` by less, or not at all (seen on Linux 6.18).
 *
 * @param maps not closed.
 * @throws the system's error when /proc cannot be read.
 */
export function lockedBytesOfMaps(maps: readonly MemoryMap[]): number[] {
  const bytes = new Array<number>(maps.length).fill(0);
  const inOrder = maps
    .map((map, index) => ({ index, ...map.resolve() }))
    .sort((a, b) => a.address < b.address ? -1 : 1);
  let next = 0;
  // Both are ordered by address, and an area is never of two maps.
  for (const { start, residentBytes } of lockedAreas()) {
    for (; next < inOrder.length; next++) {
      const { address, lengthBytes } = inOrder[next]!;
      if (start < address + lengthBytes) break;
    }
    const map = inOrder[next];
    if (map === undefined) break;
    if (start >= map.address) bytes[map.index]! += residentBytes;
  }
  return bytes;
}

function* lockedAreas(): Generator<LockedArea> {
  let start = 0n;
  let residentBytes = 0;
  for (const line of smapsLines()) {
    const header = line.match(/^([0-9a-f]+)-[0-9a-f]+ /);
    if (header !== null) [start, residentBytes] = [BigInt(`0x${header[1]}`), 0];
    else if (line.startsWith("Rss:")) residentBytes = Number(line.match(/\d+/)?.[0] ?? 0) * 1024;
    else if (line.startsWith("VmFlags:") && / lo( |$)/.test(line)) yield { start, residentBytes };
  }
}

function* smapsLines(): Generator<string> {
  const descriptor = openSync("/proc/self/smaps", "r");
  try {
    const buffer = new Uint8Array(READ_BYTES);
    const decoder = new TextDecoder();
    let rest = "";
    for (;;) {
      const count = readSync(descriptor, buffer);
      if (count === 0) return;
      const lines = (rest + decoder.decode(buffer.subarray(0, count), { stream: true })).split(
        "\n",
      );
      rest = lines.pop() ?? "";
      yield* lines;
    }
  } finally {
    closeSync(descriptor);
  }
}
