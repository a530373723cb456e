/**
 * Reads the end of a log that grows, and what has come since: bounded, and over rotations. A place in a log is told by the
 * file's inode and an offset, so that a log that was renamed away, or cut short, is read from its beginning.
 *
 * @module
 */

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { isMissing } from "../atomic_file.ts";

/** A part of a log. */
export interface LogPart {
  readonly text: string;
  /** The place after it, for {@linkcode readLogAfter}. */
  readonly next: string;
}

/** The most that is read at a time. */
export const LOG_PART_MAX_BYTES = 256 * 1024;

/** The most lines that are asked for at a time. */
export const LOG_LINES_MAX = 1000;

const NOWHERE = "0-0";
const NEWLINE = 10;

/** The last lines of a log, as many as fit; of one that is not there, nothing. */
export function readLogEnd(path: string, lines: number): LogPart {
  return withLog(path, ({ fd, inode, sizeBytes }) => {
    const start = Math.max(0, sizeBytes - LOG_PART_MAX_BYTES);
    const bytes = read(fd, start, sizeBytes);
    // A line that begins before what was read is shown only if there is no other.
    const first = start === 0 ? 0 : bytes.indexOf(NEWLINE) + 1;
    let from = bytes.length;
    let end = bytes.length - (bytes.at(-1) === NEWLINE ? 1 : 0);
    for (let left = lines; left > 0 && from > first; left--) {
      const before = end <= 0 ? -1 : bytes.lastIndexOf(NEWLINE, end - 1);
      from = Math.max(before + 1, first);
      end = before;
    }
    return part(bytes.subarray(from), inode, sizeBytes);
  });
}

/** The longest line of a log that is told elsewhere, in characters: one that is longer is data and no message. */
const TOLD_LINE_MAX = 300;

/** The last lines of a log as text to be told elsewhere: each cut where it is too long; none if it cannot be read. */
export function lastLines(path: string, lines: number): string[] {
  try {
    return readLogEnd(path, lines).text.split("\n").filter((line) => line !== "").slice(-lines)
      .map((line) => line.length > TOLD_LINE_MAX ? `${line.slice(0, TOLD_LINE_MAX)}…` : line);
  } catch {
    return [];
  }
}

/** What has been written after a place, up to the last whole line or as much as fits. */
export function readLogAfter(path: string, place: string): LogPart {
  const [inodeBefore, offset = 0] = place.split("-").map(Number);
  return withLog(path, ({ fd, inode, sizeBytes }) => {
    const start = inode === inodeBefore && offset <= sizeBytes ? offset : 0;
    const bytes = read(fd, start, Math.min(sizeBytes, start + LOG_PART_MAX_BYTES));
    const lineEnd = bytes.lastIndexOf(NEWLINE) + 1;
    const length = lineEnd > 0 || bytes.length < LOG_PART_MAX_BYTES ? lineEnd : bytes.length;
    return part(bytes.subarray(0, length), inode, start + length);
  });
}

/** Whether a text is a place in a log. */
export function isLogPlace(text: string): boolean {
  return /^\d{1,20}-\d{1,16}$/.test(text);
}

function withLog(
  path: string,
  use: (log: { fd: number; inode: number; sizeBytes: number }) => LogPart,
): LogPart {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    if (isMissing(error)) return { text: "", next: NOWHERE };
    throw error;
  }
  try {
    const { ino: inode, size: sizeBytes } = fstatSync(fd);
    return use({ fd, inode, sizeBytes });
  } finally {
    closeSync(fd);
  }
}

function read(fd: number, start: number, end: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, end - start));
  return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, start));
}

function part(bytes: Uint8Array, inode: number, offset: number): LogPart {
  return { text: new TextDecoder().decode(bytes), next: `${inode}-${offset}` };
}
