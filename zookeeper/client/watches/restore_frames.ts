/**
 * What is sent on a new connection so that the server knows all watches again, in frames of a bounded size.
 *
 * @module
 */

import type { JuteWriter } from "../../wire/jute.ts";
import { opcodes } from "../../wire/protocol.ts";

/** One `setWatches` frame: which request, and its body. */
export interface RestoreFrame {
  opcode: number;
  write(writer: JuteWriter): void;
}

/**
 * The most bytes of paths in one `setWatches` frame. A server drops a connection whose frame is beyond
 * 1 MB, for ever again at each reconnect; 128 kB is what ZooKeeper's own client uses.
 */
const maxRestoreFrameBytes = 128 * 1024;

/**
 * The frames for one-shot watches (data, exists, children) and then for persistent ones, which come last
 * as they would be replaced otherwise.
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

/** Splits several lists of paths into groups of lists, each group small enough for one frame. */
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
