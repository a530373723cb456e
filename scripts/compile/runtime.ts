/**
 * The runtime that a binary begins with (`denort`): whether the file that `DENORT_BIN` names is the right one, and what to
 * do where there is none. Looked at before anything is compiled, because `deno compile` takes any file: with the `deno`
 * program itself it ends well, and the result is a plain REPL.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { CompileError } from "./compile_error.ts";
import { readElf } from "./elf.ts";
import type { Target } from "./targets.ts";

/** Which runtime is needed. */
export interface RuntimeNeed {
  readonly target: Target;
  /** The version of the Deno that compiles; another one's runtime cannot read what it writes. */
  readonly version: string;
  /** What the user has run, to be told what to run instead. */
  readonly task: string;
}

/** The environment's name for a runtime that is there already; Deno's own. */
export const RUNTIME_VARIABLE = "DENORT_BIN";

/** Part of the command line of `deno`, and of no runtime. */
const DENO_MARK = "Compile the script into a self contained executable";
/** What a program has at its end that an older Deno has compiled. */
const APPENDED_MARK = "d3n0l4nd";

/** Throws a {@link CompileError} unless the file is the runtime that is needed. */
export async function checkRuntime(path: string, need: RuntimeNeed): Promise<void> {
  const problem = await runtimeProblem(path, need);
  if (problem !== null) {
    throw new CompileError(runtimeMessage(`${RUNTIME_VARIABLE}=${path} is ${problem}`, need));
  }
}

/** What a file is in place of the runtime that is needed, or `null` when it seems to be that. */
export async function runtimeProblem(
  path: string,
  { target, version }: RuntimeNeed,
): Promise<string | null> {
  if (path === "") return "empty";
  let bytes: Buffer;
  try {
    const { isFile, isDirectory } = await Deno.stat(path);
    if (isDirectory) return "a folder";
    // A pipe may have no end, nor has /dev/zero.
    if (!isFile) return "no regular file";
    bytes = Buffer.from(await Deno.readFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "no file that is there";
    return `a file that cannot be read (${error instanceof Error ? error.message : error})`;
  }
  const image = readElf(bytes);
  if (image === null) return "no Linux program (or one that is cut off)";
  const versions = findVersions(bytes);
  const named = versions.length === 0 ? "" : ` of Deno ${versions.join(" or ")}`;
  if (bytes.includes(DENO_MARK)) {
    return `the program "deno" itself${named}, with which the binary would be a plain REPL`;
  }
  if (versions.length === 0) return "a program that has nothing to do with Deno";
  if (
    image.compiledBytes > 0 || bytes.subarray(image.endOffset).indexOf(APPENDED_MARK) === 0
  ) {
    return `a program that was compiled already${named}`;
  }
  if (image.machine !== target.elfMachine) {
    return `a runtime${named} for another processor (ELF machine ${image.machine}, ${target.name} is ${target.elfMachine})`;
  }
  return versions.includes(version) ? null : `the runtime${named}`;
}

/** The one message about a runtime: what was expected, what was there, and the commands that help. */
export function runtimeMessage(was: string, { target, version, task }: RuntimeNeed): string {
  const archive = `denort-${target.triple}.zip`;
  return `compile: expected the runtime of Deno ${version} for ${target.name} Linux (denort), ${was}
  On a machine with internet, where Deno fetches it:
    env -u ${RUNTIME_VARIABLE} ${task}
  On one without, bring it from a machine with internet and name it:
    curl -fLO https://dl.deno.land/release/v${version}/${archive}
    unzip ${archive} denort
    ${RUNTIME_VARIABLE}=$PWD/denort ${task}`;
}

/** Versions as Deno calls itself towards servers (`Deno/2.9.6`); its libraries name some of 0.x. */
function findVersions(bytes: Buffer): string[] {
  const found = new Set<string>();
  const mark = "Deno/";
  for (let at = bytes.indexOf(mark); at !== -1; at = bytes.indexOf(mark, at + mark.length)) {
    const text = bytes.toString("latin1", at + mark.length, at + mark.length + 20);
    const [version] = /^[1-9]\d?\.\d{1,2}\.\d{1,2}(?:-(?:alpha|beta|rc)\.\d+)?/.exec(text) ?? [];
    if (version !== undefined) found.add(version);
  }
  return [...found];
}
