/**
 * The receipt of a verified release: the size, modification time and inode of each of its files when
 * every piece had been verified. While the files on disk still match it, nothing needs to be hashed
 * again.
 *
 * @module
 */

import { z } from "zod";
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { isMissing } from "../atomic_file.ts";
import { yieldToOthers } from "../../base/clock.ts";

/** The version of the receipt's format. */
const RECEIPT_SCHEMA = 1;

/** The info hash in the receipt of a release that has no blob, and so no torrent. */
export const NO_BLOB = "0".repeat(40);

const fileSchema = z.object({
  /** Relative to the release's folder, with `/`. */
  path: z.string(),
  sizeBytes: z.number(),
  /** Nanoseconds and inode numbers do not fit into a JSON number, so both are strings. */
  mtimeNs: z.string(),
  inode: z.string(),
});

/** The receipt as it is on disk. Fields that are not known are dropped. */
export const releaseReceiptSchema = z.object({
  schema: z.literal(RECEIPT_SCHEMA),
  infoHash: z.string(),
  /** Milliseconds since 1970. */
  verifiedAt: z.number(),
  files: z.array(fileSchema),
});

/** What the files of a release looked like when they were verified. */
export type ReleaseReceipt = z.output<typeof releaseReceiptSchema>;

/** The info hash of a verified release; `null` if it has no blob. */
export function infoHashOf({ infoHash }: Pick<ReleaseReceipt, "infoHash">): string | null {
  return infoHash === NO_BLOB ? null : infoHash;
}

/** One file of a release as it is on disk. */
export type ReceiptFile = z.output<typeof fileSchema>;

/** Whether a release is still as it was when it was verified; if not, `reason` says what differs. */
export type Intactness = { intact: true; receipt: ReleaseReceipt } | {
  intact: false;
  reason: string;
};

/** Makes a receipt of the files that a folder holds now. The caller has verified them. */
export async function takeReceipt(
  folder: string,
  facts: { infoHash: string; verifiedAt: number },
): Promise<ReleaseReceipt> {
  return { schema: RECEIPT_SCHEMA, ...facts, files: await scanFiles(folder) };
}

/**
 * Compares a folder with its receipt: the same files with the same sizes, modification times and
 * inodes, none missing and none added. Reads no contents.
 */
export async function compareWithReceipt(
  folder: string,
  receipt: ReleaseReceipt,
): Promise<Intactness> {
  let present: ReceiptFile[];
  try {
    present = await scanFiles(folder);
  } catch (error) {
    if (isMissing(error)) return { intact: false, reason: `${folder} is not there` };
    throw error;
  }
  const unseen = new Map(present.map((file) => [file.path, file]));
  for (const expected of receipt.files) {
    const found = unseen.get(expected.path);
    unseen.delete(expected.path);
    const reason = found === undefined ? "is missing" : difference(expected, found);
    if (reason !== undefined) return { intact: false, reason: `${expected.path} ${reason}` };
  }
  for (const path of unseen.keys()) {
    return { intact: false, reason: `${path} was added after the release was verified` };
  }
  return { intact: true, receipt };
}

function difference(expected: ReceiptFile, found: ReceiptFile): string | undefined {
  if (found.sizeBytes !== expected.sizeBytes) {
    return `has ${found.sizeBytes} bytes instead of ${expected.sizeBytes}`;
  }
  if (found.mtimeNs !== expected.mtimeNs) return "was written to after it was verified";
  if (found.inode !== expected.inode) return "was replaced after it was verified";
  return undefined;
}

/**
 * All files below a folder that are not folders, ordered by path. Links are not followed. The calls are synchronous: a
 * folder of ten thousand files is read in less time than the promises for it would take; between two folders others get
 * their turn.
 */
async function scanFiles(folder: string): Promise<ReceiptFile[]> {
  const files: ReceiptFile[] = [];
  // The release itself bounds how many there are, the file system's longest path how deep they lie.
  const pending = [""];
  for (let relative = pending.pop(); relative !== undefined; relative = pending.pop()) {
    for (const entry of readdirSync(join(folder, relative), { withFileTypes: true })) {
      const path = relative === "" ? entry.name : `${relative}/${entry.name}`;
      if (entry.isDirectory()) {
        pending.push(path);
        continue;
      }
      const stat = lstatSync(join(folder, path), { bigint: true });
      files.push({
        path,
        sizeBytes: Number(stat.size),
        mtimeNs: String(stat.mtimeNs),
        inode: String(stat.ino),
      });
    }
    await yieldToOthers();
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}
