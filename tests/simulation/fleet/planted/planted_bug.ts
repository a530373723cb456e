/**
 * What a planted bug is: data. Each is a file of `bugs/`, named as the bug, with one constant `bug`; nothing else has to be
 * told about it.
 *
 * @module
 */

import { FAULT_KINDS, type FaultKind } from "../faults.ts";
import { type Check, CHECKS } from "../invariants.ts";

/** A change of the code that ships. */
export interface TextualChange {
  /** The file, from the root of the repository. */
  readonly file: string;
  /** What stands there. It has to stand there exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** A bug, as its file says. */
export interface PlantedBug {
  /** What is wrong, in a sentence. */
  readonly what: string;
  readonly changes: readonly TextualChange[];
  /** What should notice it. Nothing else is checked in its runs. */
  readonly checks: readonly Check[];
  /** The faults that bring it out. Default: all. The fewer there are, the more often they meet. */
  readonly kinds?: readonly FaultKind[];
}

/** A bug with its name. */
export interface NamedBug extends Required<PlantedBug> {
  readonly name: string;
}

/** Reads all bugs, by their names in alphabetical order. */
export async function readBugs(): Promise<ReadonlyMap<string, NamedBug>> {
  const folder = new URL("./bugs/", import.meta.url);
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) names.push(name.replace(/\.ts$/, ""));
  const bugs = await Promise.all(
    names.sort().map(async (name): Promise<NamedBug> => {
      const { bug } = await import(new URL(`${name}.ts`, folder).href) as { bug: PlantedBug };
      return { kinds: FAULT_KINDS, ...bug, name };
    }),
  );
  return new Map(bugs.map((bug) => [bug.name, bug]));
}

/** What is not checked in the runs of a bug. */
export function skippedFor({ checks }: Pick<NamedBug, "checks">): Check[] {
  return (Object.keys(CHECKS) as Check[]).filter((check) => !checks.includes(check));
}

/**
 * Makes the changes of a bug in the files that they are about, which are read by `read`.
 *
 * @returns The changed texts, by their files.
 * @throws {Error} if what a change should replace is not in its file exactly once.
 */
export function changedFiles(
  { name, changes }: Pick<NamedBug, "name" | "changes">,
  read: (file: string) => string,
): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const { file, find, replace } of changes) {
    const text = texts.get(file) ?? read(file);
    const [before = "", after, ...others] = text.split(find);
    if (after === undefined || others.length > 0) {
      throw new Error(
        `planted bug ${name}: expected exactly once in ${file}, was there ${
          others.length + (after === undefined ? 0 : 1)
        } times, change bugs/${name}.ts:\n${find}`,
      );
    }
    texts.set(file, before + replace + after);
  }
  return texts;
}
