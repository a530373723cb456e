/** The module of a worker that hashes files; the other side is `file_hasher.ts`. */

import { digestFile, type FileDigest } from "./file_digest.ts";

/** Paths of files to hash, one batch at a time. */
export type ToHashWorker = readonly string[];

/** What comes back. */
export type FromHashWorker =
  /** So much of the batch's file at that index has been read. */
  | { readonly type: "step"; readonly at: number; readonly readBytes: number }
  /** The batch's files in order, undefined for those that cannot be read. */
  | { readonly type: "digests"; readonly digests: readonly (FileDigest | undefined)[] };

/** The part of a worker's global scope that is used here. */
interface WorkerScope {
  postMessage(message: FromHashWorker): void;
  onmessage: ((event: MessageEvent<ToHashWorker>) => void) | null;
}

const READ_BYTES = 1024 * 1024;

const scope = globalThis as unknown as WorkerScope;
const buffer = new Uint8Array(READ_BYTES);

scope.onmessage = ({ data: paths }) => {
  const digests = paths.map((path, at) =>
    digestFile(path, buffer, (readBytes) => scope.postMessage({ type: "step", at, readBytes }))
  );
  scope.postMessage({ type: "digests", digests });
};
