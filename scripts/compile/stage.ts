/**
 * A copy of the project with nothing in it but what goes into the binary, for `deno compile` to take all of.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { CONFIG_KEYS, ENTRY, isShipped, STARTED_BY_URL } from "./contents.ts";
import { readModuleGraph } from "./module_graph.ts";
import { findPackages } from "./packages.ts";

/** What was copied. */
export interface Stage {
  readonly folder: string;
  readonly modulesCount: number;
  readonly packagesCount: number;
  readonly packagesBytes: number;
}

/** Which copy to make. */
export interface StageOptions {
  /** The project. */
  readonly root: string;
  /** Where the copy goes; it is made. */
  readonly folder: string;
}

/** Makes the copy. */
export async function makeStage({ root, folder }: StageOptions): Promise<Stage> {
  const graph = await readModuleGraph(root, [ENTRY, ...STARTED_BY_URL]);
  const packages = await findPackages(root, graph.ofPackages);
  const copy = async (path: string) => {
    await Deno.mkdir(join(folder, dirname(path)), { recursive: true });
    await Deno.copyFile(join(root, path), join(folder, path));
  };
  for (const path of graph.own) await copy(path);
  const config = JSON.parse(await Deno.readTextFile(join(root, "deno.json")));
  await Deno.writeTextFile(
    join(folder, "deno.json"),
    JSON.stringify(Object.fromEntries(CONFIG_KEYS.map((key) => [key, config[key]]))),
  );
  let packagesBytes = 0;
  for (const path of packages.folders) {
    for await (const file of filesIn(join(root, path))) {
      if (!isShipped(file)) continue;
      await copy(join(path, file));
      packagesBytes += (await Deno.stat(join(root, path, file))).size;
    }
  }
  for (const path of packages.links) {
    await Deno.mkdir(join(folder, dirname(path)), { recursive: true });
    await Deno.symlink(await Deno.readLink(join(root, path)), join(folder, path));
  }
  return {
    folder,
    modulesCount: graph.own.length,
    packagesCount: packages.folders.length,
    packagesBytes,
  };
}

/** The files below a folder, relative to it; packages inside of a package are packages of their own. */
async function* filesIn(folder: string, below = ""): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(join(folder, below))) {
    const path = join(below, entry.name);
    if (entry.isFile) yield path;
    else if (entry.isDirectory && entry.name !== "node_modules") yield* filesIn(folder, path);
  }
}
