/**
 * What goes wrong with the file of the data, in one message: what was tried, with which file, what was said, and what to do.
 *
 * @module
 */

/** The storage could not be opened, read, written or copied. */
export class StorageError extends Error {
  /** For stack traces. */
  override readonly name = "StorageError";
}

/** What to do, by what SQLite or the system says. Its module for Deno gives no number of the error. */
const remedies: readonly (readonly [RegExp, string])[] = [
  [/disk is full|no space left/i, "free some space there and start again"],
  [/not a database|malformed/i, "put a backup in its place (docs/operating.md says how)"],
  [/locked|busy/i, "end the program that has it open"],
  [
    /readonly|permission denied|unable to open|no such file|already exists|not a directory|read-only/i,
    "let this user create and change files in its folder, or choose another folder",
  ],
  [/I\/O error|input\/output/i, "look at the disk, and put a backup on another one"],
];

/** Returns the error for something that failed with a file. */
export function storageError(doing: string, file: string, cause: unknown): StorageError {
  if (cause instanceof StorageError) return cause;
  const said = cause instanceof Error ? cause.message : String(cause);
  const remedy = remedies.find(([pattern]) => pattern.test(said))?.[1] ??
    "look at the file and its folder";
  return new StorageError(`${doing} ${file}: ${said}; ${remedy}`, { cause });
}
