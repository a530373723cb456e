/**
 * A second tree of the repository in a temporary folder, of links, with the changed files of a planted bug in place of those
 * that ship: so nothing in the code that ships knows of planted bugs.
 *
 * @module
 */

import { changedFiles, type NamedBug } from "./planted_bug.ts";

const REPOSITORY = new URL("../../../../", import.meta.url).pathname;
const FOLDER = "tests/simulation/fleet";

/** The source of `this_tree.ts` where a bug is planted. */
function thisTree(name: string): string {
  return `export const PLANTED: string | null = ${JSON.stringify(name)};\n`;
}

/** Reads a file of the repository. */
export function readShipped(file: string): string {
  return Deno.readTextFileSync(REPOSITORY + file);
}

/**
 * Runs the simulation's main on the code with a bug in it, in a process of its own, until it ends.
 *
 * @param args Its arguments. They include `--bug` and the name.
 * @returns Its exit status, and what it said, if `stdout` is `piped`.
 */
export async function runPlanted(
  bug: NamedBug,
  args: readonly string[],
  { stdout }: { readonly stdout: "inherit" | "piped" },
): Promise<{ readonly code: number; readonly text: string }> {
  const folder = await Deno.makeTempDir({ prefix: `rollcall-${bug.name}-` });
  try {
    const tree = `${folder}/tree`;
    const changed = new Map(changedFiles(bug, readShipped));
    changed.set(`${FOLDER}/planted/this_tree.ts`, thisTree(bug.name));
    await linkTree("", tree, changed);
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", `${FOLDER}/main.ts`, ...args],
      cwd: tree,
      // What Deno keeps of the changed modules goes with them.
      env: { DENO_DIR: `${folder}/deno` },
      stdout,
      stderr: "inherit",
    }).spawn();
    const text = stdout === "piped" ? await new Response(child.stdout).text() : "";
    const { code } = await child.status;
    return { code, text };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Links what is in a folder of the repository, but for the changed files and the folders on the way to them. */
async function linkTree(
  folder: string,
  tree: string,
  changed: ReadonlyMap<string, string>,
): Promise<void> {
  await Deno.mkdir(`${tree}/${folder}`, { recursive: true });
  for await (const { name } of Deno.readDir(REPOSITORY + folder)) {
    const path = folder + name;
    const text = changed.get(path);
    const isOnTheWay = [...changed.keys()].some((file) => file.startsWith(`${path}/`));
    if (text !== undefined) await Deno.writeTextFile(`${tree}/${path}`, text);
    else if (isOnTheWay) await linkTree(`${path}/`, tree, changed);
    else await Deno.symlink(REPOSITORY + path, `${tree}/${path}`);
  }
}
