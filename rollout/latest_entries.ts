/**
 * The entry that was decoded last of each node. Most nodes that are read are as they were when they were read before, and to
 * compare their bytes takes a tenth of what it takes to decode them even where the text is known.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { z } from "zod";

/** Nodes that are kept at least, once there are as many. Up to twice as many are: what a host reads, in most fleets. */
const KEPT_MAX = 1_000;

/** Largest entry that is kept, in bytes: those of waves that list thousands of hosts are kept by who reads them. */
const SIZE_MAX_BYTES = 2_048;

/** An entry, with what it was decoded by. */
interface Latest {
  readonly schema: z.ZodType;
  readonly data: Uint8Array;
  readonly entry: unknown;
}

/** Entries by the paths of their nodes. When there are too many recent ones, those before them are forgotten. */
export class LatestEntries {
  #recent = new Map<string, Latest>();
  #before: ReadonlyMap<string, Latest> = new Map();

  /** The entry of a node, if it has the bytes that it had before; `undefined` if not, or if that is not known any more. */
  get<T>(schema: z.ZodType<T>, data: Uint8Array, path: string): T | undefined {
    const latest = this.#recent.get(path) ?? this.#before.get(path);
    if (latest === undefined || latest.schema !== schema) return undefined;
    if (Buffer.compare(latest.data, data) !== 0) return undefined;
    return latest.entry as T;
  }

  /** Keeps the entry of a node. */
  put<T>(
    schema: z.ZodType<T>,
    data: Uint8Array,
    { path, entry }: { path: string; entry: T },
  ): void {
    if (data.length > SIZE_MAX_BYTES) return;
    if (this.#recent.size >= KEPT_MAX) {
      this.#before = this.#recent;
      this.#recent = new Map();
    }
    // A copy, since the bytes may be a part of many that came together.
    this.#recent.set(path, { schema, data: data.slice(), entry });
  }
}
