/**
 * `deno task compile`: the whole program as one binary, `dist/rollcall`, and the proof that it is one.
 *
 * Deno fetches the runtime for it (`denort`) from its own site at first use; where that cannot be reached, `DENORT_BIN`
 * names one that is already there. The result is run: a compile that "succeeds" with a wrong runtime is a plain REPL.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- a script for people.

const ROOT = new URL("../", import.meta.url);
const TARGET = new URL("dist/rollcall", ROOT).pathname;

/** Loaded by computed name or at run time, so that the module graph does not show them. */
const INCLUDED = ["host/pinning/keeper_command.ts", "torrent/content/hash_worker.ts", "deno.json"];

await Deno.mkdir(new URL("dist/", ROOT), { recursive: true });
const compiled = await new Deno.Command(Deno.execPath(), {
  args: [
    "compile",
    "-A",
    "--quiet",
    ...INCLUDED.flatMap((path) => ["--include", path]),
    "--output",
    TARGET,
    "mod.ts",
  ],
  cwd: ROOT,
  stdout: "inherit",
  stderr: "piped",
}).output();
// What a compile that crashed has left.
for await (const entry of Deno.readDir(new URL("dist/", ROOT))) {
  if (entry.name.startsWith("rollcall.tmp-")) {
    await Deno.remove(new URL(`dist/${entry.name}`, ROOT));
  }
}
const complaint = new TextDecoder().decode(compiled.stderr);
if (!compiled.success) {
  console.error(complaint.trimEnd());
  if (/denort|dl\.deno\.land/.test(complaint)) {
    console.error(
      "compile: the runtime for the binary could not be fetched. On a machine without that network, put denort of the " +
        `same version (${Deno.version.deno}) there and name it: DENORT_BIN=/path/to/denort deno task compile`,
    );
  }
  Deno.exit(1);
}

const run = await new Deno.Command(TARGET, { args: ["--version"], stdin: "null" }).output();
const version = new TextDecoder().decode(run.stdout).trim();
const { default: { version: expected } } = await import("../deno.json", { with: { type: "json" } });
if (!run.success || version !== expected) {
  await Deno.remove(TARGET);
  console.error(
    `compile: expected dist/rollcall --version to print ${expected}, it printed "${
      version.slice(0, 80)
    }". Is DENORT_BIN ` +
      "really denort, and not deno itself?",
  );
  Deno.exit(1);
}
const { size } = await Deno.stat(TARGET);
console.log(`dist/rollcall ${version}, ${Math.round(size / 2 ** 20)} MiB`);
