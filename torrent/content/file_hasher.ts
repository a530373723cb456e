/**
 * Hashes files in a worker: SHA-256 takes as long as SHA-1, with which the engine's thread is busy already. The worker also
 * reads the files, so that a slow disk does not delay the engine.
 */

import type { FileDigest } from "./file_digest.ts";
import type { FromHashWorker, ToHashWorker } from "./hash_worker.ts";

/** How the worker is made. */
export interface FileHasherOptions {
  /** Default: a worker of `hash_worker.ts`. It takes some 70 ms and 16 MB to start. */
  readonly createWorker?: (() => Worker) | undefined;
}

/** The batch that is under way. */
interface Batch {
  readonly onStep: (at: number, readBytes: number) => void;
  readonly done: PromiseWithResolvers<readonly (FileDigest | undefined)[]>;
}

/** Hashes batches of files, one batch at a time. It has to be closed. */
export class FileHasher {
  readonly #worker: Worker;
  #batch: Batch | undefined;
  #failure: Error | undefined;

  constructor({ createWorker = startWorker }: FileHasherOptions = {}) {
    const worker = this.#worker = createWorker();
    worker.addEventListener("message", ({ data }: MessageEvent<FromHashWorker>) => {
      const batch = this.#batch;
      if (batch === undefined) return;
      if (data.type === "step") return batch.onStep(data.at, data.readBytes);
      this.#batch = undefined;
      batch.done.resolve(data.digests);
    });
    worker.addEventListener("error", (event) => {
      // Without this the worker's error would end the whole process.
      event.preventDefault();
      this.#fail(new Error(`hash files: the worker failed: ${event.message}`));
    });
    worker.addEventListener("messageerror", () => {
      this.#fail(new Error("hash files: a message from the worker could not be read"));
    });
  }

  /**
   * The files' digests in order, undefined for files that cannot be read. Rejects if the worker has failed or is closed.
   *
   * @param onStep called now and then within large files with the index of the path and the bytes of it that were read.
   */
  async hash(
    paths: readonly string[],
    onStep: (at: number, readBytes: number) => void,
  ): Promise<readonly (FileDigest | undefined)[]> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#batch !== undefined) throw new Error("hash files: one batch at a time");
    const done = Promise.withResolvers<readonly (FileDigest | undefined)[]>();
    this.#batch = { onStep, done };
    this.#worker.postMessage(paths satisfies ToHashWorker);
    return await done.promise;
  }

  /** Ends the worker, if need be in the middle of a file; a batch that is under way rejects. */
  close(): void {
    this.#fail(new Error("hash files: closed"));
  }

  #fail(failure: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.#worker.terminate();
    this.#batch?.done.reject(failure);
    this.#batch = undefined;
  }
}

function startWorker(): Worker {
  return new Worker(new URL("./hash_worker.ts", import.meta.url), {
    type: "module",
    name: "file hasher",
  });
}
