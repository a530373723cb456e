/**
 * Small JSON files that are replaced atomically: after any crash, a file is the old one or the new one
 * as a whole. For records, receipts and journals, not for blobs.
 *
 * @module
 */

import * as fs from "node:fs";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { reasonOf } from "../base/reason.ts";

/** A file that exists and is not what it should be. */
export interface CorruptFile {
  path: string;
  /** What was expected, and what is wrong. */
  reason: string;
}

/** What {@linkcode readJsonFile} found. */
export type JsonFile =
  | { state: "absent" }
  | { state: "present"; value: unknown }
  | { state: "corrupt"; file: CorruptFile };

/**
 * Writes JSON so that a reader, and the machine after a power cut, sees all of the old file or all of
 * the new one: it writes a temporary file in the same folder, then fsync, rename, fsync of the folder.
 * It is synchronous, because a step must be on disk before it is taken, and these files are small.
 *
 * @throws the system's error (`ENOSPC`, `EACCES`, …); the old file is untouched then.
 */
export function writeJsonFile(path: string, value: unknown): void {
  const folder = dirname(path);
  // The pid keeps two processes apart; within a process the call is synchronous.
  const temporary = join(folder, `.${basename(path)}.${process.pid}.tmp`);
  try {
    const fd = fs.openSync(temporary, "w", 0o644);
    try {
      fs.writeFileSync(fd, JSON.stringify(value, null, 2) + "\n");
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    fs.renameSync(temporary, path);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(folder);
}

/** Reads a JSON file. That it is missing or not JSON is a result and not an error. @throws any other error of the system. */
export function readJsonFile(path: string): JsonFile {
  let text: string;
  try {
    text = fs.readFileSync(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return { state: "absent" };
    throw error;
  }
  try {
    return { state: "present", value: JSON.parse(text) };
  } catch (error) {
    const reason = reasonOf(error);
    return { state: "corrupt", file: { path, reason: `expected JSON: ${reason}` } };
  }
}

/** Makes created, renamed and removed entries of a folder survive a power cut. fsync(2). */
export function syncFolder(path: string): void {
  const fd = fs.openSync(path, "r");
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Whether the error of a node:fs call says that the file, or a folder on the way, is not there. */
export function isMissing(error: unknown): boolean {
  return systemErrorCode(error) === "ENOENT";
}

/** The system's code (`ENOENT`, …) of a node:fs error; undefined for any other error. */
export function systemErrorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}
