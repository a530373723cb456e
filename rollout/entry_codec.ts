/**
 * Entries as the bytes of their nodes: JSON, of bounded size, checked against the schema of its place.
 *
 * @module
 */

import type { z } from "zod";
import { DecodedEntries } from "./decoded_entries.ts";
import { LatestEntries } from "./latest_entries.ts";
import { DEPLOY, HISTORY } from "./tree.ts";

/** Version of the schema of all entries. A reader refuses any other, since it does not know what the fields mean. */
export const SCHEMA_VERSION = 1;

/** An entry that does not fit the schema of its place in the tree. */
export class EntryError extends Error {
  /** Stable name of the error. */
  readonly code = "BAD_ENTRY";
  override readonly name = "EntryError";
}

/**
 * Most bytes of one entry. A host's entry has some 600 bytes; the largest others are that of a service that has withdrawn a
 * hundred versions, and that of a host whose agent has much to explain.
 */
const ENTRY_MAX_BYTES = 64 * 1024;

/** Most bytes of an entry that lists hosts (a wave, the record of a rollout): ZooKeeper's limit for a node. */
const HOST_LIST_MAX_BYTES = 1024 * 1024;

/** Most bytes of the entry at a path. */
export function maxBytesOf(path: string): number {
  const listsHosts = path.startsWith(`${DEPLOY}/`) || path.startsWith(`${HISTORY}/`);
  return listsHosts ? HOST_LIST_MAX_BYTES : ENTRY_MAX_BYTES;
}

/** Deepest nesting of an entry; ours have four levels. Writing deeper ones back would overflow the stack. */
const NESTING_MAX = 32;

/** Longest explanation in an entry, in characters: what an operator reads, and far below {@link ENTRY_MAX_BYTES}. */
const EXPLANATION_LENGTH_MAX = 4_096;

/** Fields that explain something in words, such as the message of an error, whose length nobody knows beforehand. */
const EXPLANATIONS: ReadonlySet<string> = new Set(["waitingFor", "reason", "pause"]);

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });
const decoded = new DecodedEntries();
const latest = new LatestEntries();

/** Encodes an entry as the bytes of its node. Explanations that are too long are shortened. */
export function encodeEntry(entry: Readonly<Record<string, unknown>>): Uint8Array {
  const text = JSON.stringify(entry);
  // Nothing in it can be longer than the whole.
  if (text.length <= EXPLANATION_LENGTH_MAX) return encoder.encode(text);
  const shorten = (key: string, value: unknown) =>
    typeof value === "string" && EXPLANATIONS.has(key) && value.length > EXPLANATION_LENGTH_MAX
      ? `${value.slice(0, EXPLANATION_LENGTH_MAX)}…`
      : value;
  return encoder.encode(JSON.stringify(entry, shorten));
}

/**
 * Decodes an entry from the bytes of its node. The entry is frozen: whoever reads the same once more may get the same one.
 *
 * @throws {EntryError} when the bytes are not JSON of that schema; the message names the node and what to do.
 */
export function decodeEntry<T>(entrySchema: z.ZodType<T>, data: Uint8Array, path: string): T {
  const unchanged = latest.get(entrySchema, data, path);
  if (unchanged !== undefined) return unchanged;
  const entry = decodeChanged(entrySchema, data, path);
  latest.put(entrySchema, data, { path, entry });
  return entry;
}

function decodeChanged<T>(entrySchema: z.ZodType<T>, data: Uint8Array, path: string): T {
  let text: string;
  let value: unknown;
  try {
    text = decoder.decode(data);
    const known = decoded.get(entrySchema, text);
    if (known !== undefined) return known;
    if (nestingOf(text) <= NESTING_MAX) value = JSON.parse(text);
  } catch (cause) {
    throw new EntryError(
      `read ${path}: expected JSON, was ${data.length} bytes of something else; ${ADVICE}`,
      { cause },
    );
  }
  if (value === undefined) {
    throw new EntryError(`read ${path}: expected at most ${NESTING_MAX} levels of JSON; ${ADVICE}`);
  }
  const parsed = entrySchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue === undefined ? "" : ` at "${issue.path.join(".")}": ${issue.message}`;
    throw new EntryError(
      `read ${path}: the entry does not fit schema ${SCHEMA_VERSION}${where}; ${ADVICE}`,
      { cause: parsed.error },
    );
  }
  decoded.put(entrySchema, text, parsed.data);
  return parsed.data;
}

/** What an operator does about an entry that cannot be read. */
export const ADVICE = "correct or delete it (docs/operating.md)";

/** How many brackets are open at once at the most, without those in strings. The text need not be JSON. */
function nestingOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let isInString = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (character === '"') isInString = !isInString;
    else if (isInString) {
      if (character === "\\") index++;
    } else if (character === "{" || character === "[") deepest = Math.max(deepest, ++depth);
    else if (character === "}" || character === "]") depth--;
  }
  return deepest;
}
