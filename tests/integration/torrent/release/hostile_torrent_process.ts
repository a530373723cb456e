/**
 * Reads one hostile .torrent in a process of its own, and prints how much memory that took and what came of it, as JSON.
 * Arguments: where the bomb is, and its size in bytes.
 */

// deno-lint-ignore-file no-console -- its output is the result.

import { Buffer } from "node:buffer";
import { reasonOf } from "../../../../base/reason.ts";
import { readRelease } from "../../../../torrent/release/metainfo.ts";
import { readChunkMap } from "../../../../torrent/release/chunk_map.ts";

/** Where `0:`, an empty string, is repeated: two bytes that were an object of 300. */
export type BombPlace =
  | "beside"
  | "in info"
  | "in files"
  | "in a path"
  | "in trackers"
  | "in chunks";

/** What is printed. */
export interface BombReport {
  /** The most memory that was resident (VmHWM of proc(5)), less what was before the .torrent was made. */
  readonly grownBytes: number;
  /** The refusal; null if the .torrent was accepted. */
  readonly refused: string | null;
}

function residentBytes(): number {
  const status = Deno.readTextFileSync("/proc/self/status");
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
}

function makeBomb(place: BombPlace, sizeBytes: number): Uint8Array {
  const bomb = `l${"0:".repeat(sizeBytes / 2)}e`;
  const at = (here: BombPlace, otherwise = "") => place === here ? bomb : otherwise;
  const files = place === "in a path" ? `ld6:lengthi0e4:path${bomb}ee` : at("in files", "le");
  const info = `d5:files${files}` + (place === "in info" ? `4:more${bomb}` : "") +
    "4:name3:a-112:piece lengthi16384e6:pieces0:7:privatei1e" +
    "8:rollcalld6:schemai1e7:service1:a6:sha2560:7:version1:1ee";
  return Buffer.from(
    "d" + (place === "in trackers" ? `13:announce-list${bomb}` : "") +
      (place === "beside" ? `7:comment${bomb}` : "") + `4:info${info}` +
      (place === "in chunks"
        ? `15:rollcall chunksd7:averagei8192e7:entries0:4:more${bomb}6:schemai1ee`
        : "") +
      "e",
    "latin1",
  );
}

if (import.meta.main) {
  const [place, sizeBytes] = [Deno.args[0] as BombPlace, Number(Deno.args[1])];
  const before = residentBytes();
  let refused: string | null = null;
  try {
    readChunkMap(readRelease(new Uint8Array(makeBomb(place, sizeBytes))));
  } catch (error) {
    refused = reasonOf(error);
  }
  console.log(
    JSON.stringify({ grownBytes: residentBytes() - before, refused } satisfies BombReport),
  );
}
