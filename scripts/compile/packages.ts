/**
 * The npm packages that the program needs: those it imports, and what these depend on, found as Node finds them.
 *
 * @module
 */

import { dirname, join, relative } from "node:path";
import { z } from "zod";
import { CompileError } from "./compile_error.ts";

/** Packages, and the links by which they find each other; all paths are relative to the root. */
export interface PackageClosure {
  /** Folders of packages, sorted. */
  readonly folders: readonly string[];
  /** Links in `node_modules` folders that lead to one of them, sorted. */
  readonly links: readonly string[];
}

const manifestSchema = z.looseObject({
  dependencies: z.record(z.string(), z.string()).default({}),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
  peerDependencies: z.record(z.string(), z.string()).default({}),
});

/** The packages that hold these files, and all that they depend on. Throws a {@link CompileError} when one is missing. */
export async function findPackages(
  root: string,
  files: readonly string[],
): Promise<PackageClosure> {
  const folders = new Set<string>();
  const links = new Set<string>();
  const pending = files.map(packageFolder);
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    if (folders.has(folder)) continue;
    folders.add(folder);
    const manifest = manifestSchema.parse(
      JSON.parse(await Deno.readTextFile(join(root, folder, "package.json"))),
    );
    const { dependencies, optionalDependencies, peerDependencies } = manifest;
    for (
      const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })
    ) {
      const found = await findDependency(root, { from: folder, name });
      if (found === null) {
        // Packages do without the others: they are for other machines, or for a user who wants more.
        if (!(name in dependencies) || name in optionalDependencies) continue;
        throw new CompileError(
          `compile: expected ${folder} to find its dependency ${name}, it is not there. Run: deno task setup`,
        );
      }
      if (found.link !== null) links.add(found.link);
      pending.push(found.folder);
    }
  }
  for await (const link of linksIn(root, "node_modules")) {
    if (folders.has(await realFolder(root, link))) links.add(link);
  }
  return { folders: [...folders].sort(), links: [...links].sort() };
}

/** The package's folder of `…/node_modules/name/lib/x.js`, also where the name has a scope. */
function packageFolder(file: string): string {
  const at = file.lastIndexOf("node_modules/") + "node_modules/".length;
  const names = file.slice(at).split("/");
  return file.slice(0, at) + names.slice(0, names[0]?.startsWith("@") ? 2 : 1).join("/");
}

async function findDependency(
  root: string,
  { from, name }: { readonly from: string; readonly name: string },
): Promise<{ folder: string; link: string | null } | null> {
  for (let place = from; place !== "."; place = dirname(place)) {
    const path = place.endsWith("node_modules")
      ? join(place, name)
      : join(place, "node_modules", name);
    const info = await Deno.lstat(join(root, path)).catch(() => null);
    if (info === null) continue;
    return { folder: await realFolder(root, path), link: info.isSymlink ? path : null };
  }
  return null;
}

async function realFolder(root: string, path: string): Promise<string> {
  return relative(await Deno.realPath(root), await Deno.realPath(join(root, path)));
}

/** The links of a `node_modules` folder, those of scopes among them. */
async function* linksIn(root: string, folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(join(root, folder))) {
    const path = join(folder, entry.name);
    if (entry.isSymlink) yield path;
    else if (entry.isDirectory && entry.name.startsWith("@")) yield* linksIn(root, path);
  }
}
