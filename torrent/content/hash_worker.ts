/** The worker that hashes files; the other side is `file_hasher.ts`. */

import { digestFile, type FileDigest } from "./file_digest.ts";

/** The message to the worker: the paths of a batch of files. */
export type ToHashWorker = readonly string[];

/** The messages from the worker. */
export type FromHashWorker =
  /** `readBytes` of the file at this index of the batch have been read. */
  | { readonly type: "step"; readonly at: number; readonly readBytes: number }
  /** The digests of the batch in order, undefined for files that cannot be read. */
  | { readonly type: "digests"; readonly digests: readonly (FileDigest | undefined)[] };

/** The part of a worker's global scope that is used here. */
interface WorkerScope {
  postMessage(message: FromHashWorker): void;
  onmessage: ((event: MessageEvent<ToHashWorker>) => void) | null;
}

/** The memory that files are read into. */
const READ_BYTES = 1024 * 1024;

const scope = globalThis as unknown as WorkerScope;
const buffer = new Uint8Array(READ_BYTES);

scope.onmessage = ({ data: paths }) => {
  const digests = paths.map((path, at) =>
    digestFile(path, buffer, (readBytes) => scope.postMessage({ type: "step", at, readBytes }))
  );
  scope.postMessage({ type: "digests", digests });
};
