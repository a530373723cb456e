/**
 * The files below a folder, for comparing what arrived with what was sent.
 *
 * @module
 */

/** Paths of all files below a folder, relative to it, in order. */
export function walk(folder: string, below = ""): string[] {
  return [...Deno.readDirSync(`${folder}/${below}`)].flatMap((entry) =>
    entry.isDirectory ? walk(folder, `${below}${entry.name}/`) : [`${below}${entry.name}`]
  ).sort();
}
