/**
 * The journal of a fetch: a small file beside the content that says which pieces were verified and written. A piece's bit is
 * set by a one-byte write after the piece itself has been written, so a killed process never leaves a bit without its
 * piece. A machine that loses power may do so; hence the journal holds the identity of the boot, and a seal with the files'
 * sizes and times once nothing writes to them any more. What of it is believed is decided in `resume_check.ts`.
 *
 * Form: one line of JSON, the bitfield, and, once sealed, a second JSON document.
 */

import * as fs from "node:fs";
import { Buffer } from "node:buffer";
import { z } from "zod";
import { PieceSet } from "./piece_set.ts";
import type { Release } from "../release/mod.ts";

/** The largest journal that is read: a seal of 200,000 files, some 60 bytes each. */
const MAX_JOURNAL_BYTES = 32 * 1024 * 1024;

const headerSchema = z.object({
  format: z.literal("rollcall resume"),
  schema: z.literal(1),
  infoHash: z.string(),
  pieces: z.number(),
  boot: z.string(),
});

const receiptSchema = z.tuple([z.number(), z.number(), z.number()]);
const sealSchema = z.object({ synced: z.boolean(), files: z.array(receiptSchema) });

/** Size, modification time in milliseconds, and inode of a file that nothing writes to. */
export type FileReceipt = z.infer<typeof receiptSchema>;

/** What the files were like when the journal was sealed. */
export interface Seal {
  /** Whether the files were synced to the disk; if not, the seal holds for the same boot only. */
  readonly synced: boolean;
  /** In the release's order. */
  readonly files: readonly FileReceipt[];
}

/** A journal that was read. */
export interface JournalContent {
  /** The pieces that it claims. */
  readonly claimed: PieceSet;
  /** The boot of the machine in which it was written. */
  readonly boot: string;
  /** Undefined if the process that wrote the journal was killed. */
  readonly seal: Seal | undefined;
}

/** Reads a journal; undefined if there is none, or none of this release that can be understood. */
export function readJournal(path: string, release: Release): JournalContent | undefined {
  let bytes: Buffer;
  try {
    if (fs.statSync(path).size > MAX_JOURNAL_BYTES) return undefined;
    bytes = fs.readFileSync(path);
  } catch {
    // Missing or unreadable comes to the same: nothing is claimed.
    return undefined;
  }
  const headerEnd = bytes.indexOf(0x0a) + 1;
  const header = parseJson(bytes.subarray(0, headerEnd), headerSchema);
  const bitfieldEnd = headerEnd + Math.ceil(release.pieceCount / 8);
  if (
    header === undefined || header.infoHash !== release.infoHash ||
    header.pieces !== release.pieceCount || bytes.length < bitfieldEnd
  ) return undefined;
  return {
    claimed: new PieceSet(release.pieceCount, bytes.subarray(headerEnd, bitfieldEnd)),
    boot: header.boot,
    seal: parseJson(bytes.subarray(bitfieldEnd), sealSchema),
  };
}

/** A journal that is being written. */
export class ResumeJournal {
  readonly #pieces: PieceSet;
  readonly #headerBytes: number;
  #descriptor: number | undefined;

  /** Begins the journal anew, atomically, with the pieces that are verified already. */
  constructor(path: string, options: { release: Release; verified: PieceSet; boot: string }) {
    const header = Buffer.from(
      JSON.stringify({
        format: "rollcall resume",
        schema: 1,
        infoHash: options.release.infoHash,
        pieces: options.release.pieceCount,
        boot: options.boot,
      }) + "\n",
    );
    this.#headerBytes = header.length;
    this.#pieces = new PieceSet(options.release.pieceCount, options.verified.bytes);
    const temporary = `${path}.new`;
    fs.writeFileSync(temporary, Buffer.concat([header, this.#pieces.bytes]));
    fs.renameSync(temporary, path);
    this.#descriptor = fs.openSync(path, "r+");
  }

  /** Adds a piece. Only to be called after the piece has been written. */
  add(index: number): void {
    if (this.#descriptor === undefined) return;
    this.#pieces.add(index);
    const at = index >> 3;
    fs.writeSync(this.#descriptor, this.#pieces.bytes, at, 1, this.#headerBytes + at);
  }

  /** Closes the journal with a seal: from here on nothing writes to the files. */
  seal(seal: Seal): void {
    if (this.#descriptor === undefined) return;
    const bytes = Buffer.from(JSON.stringify(seal));
    const at = this.#headerBytes + this.#pieces.bytes.length;
    fs.writeSync(this.#descriptor, bytes, 0, bytes.length, at);
    if (seal.synced) fs.fsyncSync(this.#descriptor);
    this.close();
  }

  /** Closes the journal without a seal; it then counts as that of a killed process. */
  close(): void {
    if (this.#descriptor !== undefined) fs.closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}

/** What a file is like now; undefined if there is no such regular file. */
export function takeReceipt(path: string): FileReceipt | undefined {
  try {
    const info = fs.lstatSync(path);
    return info.isFile() ? [info.size, info.mtimeMs, info.ino] : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Identifies this boot of the machine, which is as long as the page cache lives. On systems that do not tell it, every call
 * returns another identity, so that no journal without a seal is believed.
 */
export function currentBoot(): string {
  try {
    return fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return crypto.randomUUID();
  }
}

function parseJson<Schema extends z.ZodType>(
  bytes: Uint8Array,
  schema: Schema,
): z.infer<Schema> | undefined {
  try {
    return schema.safeParse(JSON.parse(new TextDecoder().decode(bytes))).data;
  } catch {
    return undefined;
  }
}
