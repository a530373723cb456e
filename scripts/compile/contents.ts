/**
 * What goes into the binary, in one place: where the program begins, the modules that no import names, and which files of
 * an npm package can be of use at run time. `deno compile` alone takes in every `node_modules` below the project, and a
 * package's test data among it has made it overflow its stack.
 *
 * @module
 */

import type { Target } from "./targets.ts";

/** Where the program begins; what it imports, also later and by `import()`, follows from it. */
export const ENTRY = "mod.ts";

/** Modules that are started by their URL, as workers are, so that no import names them. */
export const STARTED_BY_URL = ["torrent/hash_worker.ts"];

/** The keys of `deno.json` that mean something at run time; the version is what `--version` prints. */
export const CONFIG_KEYS = ["name", "version", "license", "unstable", "nodeModulesDir", "imports"];

/** What can be loaded. */
const LOADABLE = /\.(?:js|mjs|cjs|json|wasm|node)$/;
/** Whoever hands out a copy of a package hands out its licence. */
const LICENCE = /^(?:licen[cs]e|copying|notice|copyright)(?:[.-]|$)/i;
const NEVER_LOADED = new Set([
  ".github",
  "__tests__",
  "bench",
  "benchmark",
  "benchmarks",
  "coverage",
  "docs",
  "example",
  "examples",
  "test",
  "tests",
]);

/** Whether a file of a package goes in; the path is relative to the package's folder. */
export function isShipped(path: string, { prebuildsFolder }: Target): boolean {
  const folders = path.split("/");
  const name = folders.pop() ?? "";
  if (LICENCE.test(name)) return true;
  if (!LOADABLE.test(name) || folders.some((folder) => NEVER_LOADED.has(folder))) return false;
  const prebuilds = folders.indexOf("prebuilds");
  return prebuilds === -1 || folders[prebuilds + 1] === prebuildsFolder;
}
