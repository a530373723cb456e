/**
 * The `setWatches` frames that a new connection begins with, so that the server knows all watches again. Their size is
 * bounded.
 *
 * @module
 */

import type { JuteWriter } from "../../wire/jute.ts";
import { opcodes } from "../../wire/protocol.ts";

/** One `setWatches` frame: its operation code and its body. */
export interface RestoreFrame {
  opcode: number;
  write(writer: JuteWriter): void;
}

/**
 * The most bytes of paths in one `setWatches` frame. A server closes a connection whose frame is larger than 1 MB, and
 * would do so at every reconnect; 128 kB is what ZooKeeper's own client uses.
 */
const maxRestoreFrameBytes = 128 * 1024;

/**
 * Returns the frames for one-shot watches (data, exists, children) and then those for persistent ones. Persistent ones
 * come last, since a one-shot watch on the same path would replace them.
 */
export function restoreFrames(
  lastZxid: bigint,
  paths: { oneShots: readonly string[][]; plain: string[]; recursive: string[] },
): RestoreFrame[] {
  const { oneShots, plain, recursive } = paths;
  return [
    ...chunks(oneShots).map((lists) => ({
      opcode: opcodes.setWatches,
      write: (writer: JuteWriter) => writeLists(writer, lastZxid, lists),
    })),
    ...chunks([[], [], [], plain, recursive]).map((lists) => ({
      opcode: opcodes.setWatches2,
      write: (writer: JuteWriter) => writeLists(writer, lastZxid, lists),
    })),
  ];
}

/** Splits lists of paths into groups of lists, each small enough for one frame. */
function chunks(lists: readonly string[][]): string[][][] {
  const groups: string[][][] = [];
  let sizeBytes = Infinity;
  let group: string[][] = [];
  lists.forEach((paths, kind) => {
    for (const path of paths) {
      const pathSizeBytes = 4 + path.length * 3;
      if (sizeBytes + pathSizeBytes > maxRestoreFrameBytes) {
        group = lists.map(() => []);
        groups.push(group);
        sizeBytes = 0;
      }
      group[kind]?.push(path);
      sizeBytes += pathSizeBytes;
    }
  });
  return groups;
}

function writeLists(writer: JuteWriter, lastZxid: bigint, lists: readonly string[][]): void {
  writer.long(lastZxid);
  for (const paths of lists) writer.strings(paths);
}
