/**
 * `deno task setup:runtime`: what the test of the binary is made with. Needs network: Deno's own site, or, where that cannot
 * be reached, Python's package index, which has an older Deno and a program made with its runtime.
 *
 * Without either it says so and ends well: then the test says that it was not run, and everything else is as it was.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- a script for people.

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { reasonOf } from "../base/reason.ts";
import { readElf } from "./compile/elf.ts";
import { findOlderDeno, findRuntime, olderDenoPaths } from "./compile/known_runtimes.ts";
import { RUNTIME_VARIABLE, runtimeProblem } from "./compile/runtime.ts";
import { ownTarget } from "./compile/targets.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
/** A place that swallows what is sent to it must not hold up the tests. */
const FETCH_TIMEOUT_MS = 120_000;

/** With their hashes, since these files are run. */
const WHEELS = [
  "deno==2.6.10 --hash=sha256:d1600f4ee7b4a9699b7057841bdb5d7b7eac3fb073df072540064166841c2f4c",
  "bids-validator-deno==2.4.1 --hash=sha256:5087fcd13341f529b5404792a74e22f570e50f17e5ea4cabe9c91b1caf74cbf4",
];

if (import.meta.main) {
  try {
    console.error(await fetchRuntime());
  } catch (error) {
    const why = reasonOf(error);
    console.error(`setup:runtime: the test of the binary will not be run: ${why}`);
  }
}

async function fetchRuntime(): Promise<string> {
  const target = ownTarget();
  if (target === undefined) throw new Error(`expected a Linux, was ${Deno.build.target}`);
  const need = { target, version: Deno.version.deno, task: "deno task setup:runtime" };
  const found = await findRuntime(need);
  if (found !== null) return `The runtime of Deno ${need.version} is there (${found}).`;
  const named = Deno.env.get(RUNTIME_VARIABLE);
  if (named !== undefined) {
    throw new Error(`${RUNTIME_VARIABLE}=${named} is ${await runtimeProblem(named, need)}`);
  }
  if (await findOlderDeno(ROOT) !== null) return "An older Deno and its runtime are there.";
  const folder = await Deno.makeTempDir({ prefix: "rollcall-runtime-" });
  try {
    if (await fetchOwn(folder)) return `Deno fetched its runtime (${need.version}).`;
    if (target.name !== "x64") throw new Error("an older runtime is known for x64 alone");
    await fetchOlder(folder);
    return "Fetched an older Deno and its runtime (2.6.10).";
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Any compile makes Deno fetch and keep its runtime. */
async function fetchOwn(folder: string): Promise<boolean> {
  await Deno.writeTextFile(join(folder, "nothing.ts"), "");
  const { success } = await run(Deno.execPath(), {
    args: ["compile", "--no-check", "--quiet", "--output", "nothing", "nothing.ts"],
    cwd: folder,
  });
  return success;
}

async function fetchOlder(folder: string): Promise<void> {
  await Deno.writeTextFile(join(folder, "wheels.txt"), WHEELS.join("\n"));
  const pip = await run("python3", {
    args: [
      ...["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"],
      ...["--require-hashes", "--requirement", "wheels.txt", "--dest", "wheels"],
    ],
    cwd: folder,
  });
  if (!pip.success) throw new Error(`pip download: ${pip.said.split("\n").at(-1)}`);
  for await (const { name } of Deno.readDir(join(folder, "wheels"))) {
    const args = ["-m", "zipfile", "--extract", `wheels/${name}`, "content"];
    const { success, said } = await run("python3", { args, cwd: folder });
    if (!success) throw new Error(`unpack ${name}: ${said}`);
  }
  const { deno, runtime } = olderDenoPaths(ROOT);
  await Deno.mkdir(dirname(deno), { recursive: true });
  const made = await Deno.readFile(
    join(folder, "content/bids_validator_deno-2.4.1.data/scripts/bids-validator-deno"),
  );
  // What a compile appends begins where the program ends.
  await writeProgram(runtime, made.subarray(0, readElf(made)?.endOffset ?? 0));
  await writeProgram(
    deno,
    await Deno.readFile(join(folder, "content/deno-2.6.10.data/scripts/deno")),
  );
}

async function writeProgram(path: string, bytes: Uint8Array): Promise<void> {
  await Deno.writeFile(`${path}.new`, bytes, { mode: 0o755 });
  await Deno.rename(`${path}.new`, path);
}

async function run(
  program: string,
  { args, cwd }: { readonly args: readonly string[]; readonly cwd: string },
): Promise<{ success: boolean; said: string }> {
  const { success, stderr } = await new Deno.Command(program, {
    args: [...args],
    cwd,
    stdin: "null",
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
  }).output();
  return { success, said: new TextDecoder().decode(stderr).trim() };
}
