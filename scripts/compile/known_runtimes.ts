/**
 * Which runtime is on this machine to make a binary with, for the test of the binary: the right one, or an older pair of
 * Deno and its runtime that shows at least whether everything is inside.
 *
 * @module
 */

import { join } from "node:path";
import { z } from "zod";
import { RUNTIME_VARIABLE, type RuntimeNeed, runtimeProblem } from "./runtime.ts";

/** A Deno and the runtime of its version. */
export interface OlderDeno {
  readonly deno: string;
  readonly runtime: string;
}

/** Where the right runtime comes from, or `null` where there is none. */
export async function findRuntime(need: RuntimeNeed): Promise<string | null> {
  const named = Deno.env.get(RUNTIME_VARIABLE);
  if (named !== undefined) {
    return await runtimeProblem(named, need) === null ? RUNTIME_VARIABLE : null;
  }
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { denoDir } = z.looseObject({ denoDir: z.string() }).parse(
    JSON.parse(new TextDecoder().decode(stdout)),
  );
  const archive = `dl/release/v${need.version}/denort-${need.target.triple}.zip`;
  return await isFile(join(denoDir, archive)) ? "Deno's own download" : null;
}

/** Where the older pair is to be, below the project's root. */
export function olderDenoPaths(root: string): OlderDeno {
  const folder = join(root, ".cache/older_deno");
  return { deno: join(folder, "deno"), runtime: join(folder, "denort") };
}

/** The older pair, or `null` where it was not fetched. */
export async function findOlderDeno(root: string): Promise<OlderDeno | null> {
  const paths = olderDenoPaths(root);
  return await isFile(paths.deno) && await isFile(paths.runtime) ? paths : null;
}

async function isFile(path: string): Promise<boolean> {
  return (await Deno.stat(path).catch(() => null))?.isFile === true;
}
