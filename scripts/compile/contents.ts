/**
 * What goes into the binary, in one place: where the program begins, the modules that no import names, and which files of
 * an npm package can be of use at run time. `deno compile` alone takes in every `node_modules` below the project, and a
 * package's test data among it has made it overflow its stack.
 *
 * @module
 */

/** Where the program begins; what it imports, also later and by `import()`, follows from it. */
export const ENTRY = "mod.ts";

/** Modules that are started by their URL, as workers are, so that no import names them. */
export const STARTED_BY_URL = ["torrent/content/hash_worker.ts"];

/** The keys of `deno.json` that mean something at run time; the version is what `--version` prints. */
export const CONFIG_KEYS = ["name", "version", "license", "unstable", "nodeModulesDir", "imports"];

/**
 * What can be loaded. Native parts of packages (`.node`) are none of it: a binary would write them to a file of a known name
 * in `/tmp` and run that. The packages that have some (of WebSockets and of file locks) do without.
 */
const LOADABLE = /\.(?:js|mjs|cjs|json|wasm)$/;
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
export function isShipped(path: string): boolean {
  const folders = path.split("/");
  const name = folders.pop() ?? "";
  if (LICENCE.test(name)) return true;
  return LOADABLE.test(name) && !folders.some((folder) => NEVER_LOADED.has(folder));
}
