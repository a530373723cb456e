/**
 * The entries that were decoded last. A host reads the same few again and again, and seldom has one of them changed; to check
 * a text against its schema takes ten times as long as to find it here.
 *
 * @module
 */

import type { z } from "zod";

/** Entries of one schema that are kept at least, once there are as many. Up to twice as many are. */
const KEPT_MAX = 200;

/** Longest text that is kept, in characters: those of waves that list thousands of hosts are kept by who reads them. */
const TEXT_LENGTH_MAX = 2_048;

/** Entries by their schema and their text. They are frozen, since who reads the same gets the same one. */
export class DecodedEntries {
  readonly #bySchema = new WeakMap<z.ZodType, Kept>();

  /** The entry that this text was decoded to; `undefined` if it is not known any more. */
  get<T>(schema: z.ZodType<T>, text: string): T | undefined {
    const kept = this.#bySchema.get(schema);
    return (kept?.recent.get(text) ?? kept?.before.get(text)) as T | undefined;
  }

  /** Keeps an entry, and freezes it. */
  put<T>(schema: z.ZodType<T>, text: string, entry: T): void {
    freeze(entry);
    if (text.length > TEXT_LENGTH_MAX) return;
    let kept = this.#bySchema.get(schema);
    if (kept === undefined || kept.recent.size >= KEPT_MAX) {
      kept = { recent: new Map(), before: kept?.recent ?? new Map() };
      this.#bySchema.set(schema, kept);
    }
    kept.recent.set(text, entry);
  }
}

/** Entries of one schema: when there are too many recent ones, those before them are forgotten. */
interface Kept {
  readonly recent: Map<string, unknown>;
  readonly before: ReadonlyMap<string, unknown>;
}

function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
}
