/**
 * A binary made with an older Deno and its runtime. It is nothing to hand out, but it is put together from the same copy
 * of the project and by the same command line, so it shows whether everything is inside.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { compileArguments } from "../../scripts/compile/binary.ts";
import type { OlderDeno } from "../../scripts/compile/known_runtimes.ts";
import { RUNTIME_VARIABLE } from "../../scripts/compile/runtime.ts";
import { makeStage } from "../../scripts/compile/stage.ts";
import type { Target } from "../../scripts/compile/targets.ts";

const PRELOAD = fileURLToPath(new URL("./older_deno_preload.ts", import.meta.url));

/** How to make one. */
export interface OlderBinaryOptions {
  /** The project. */
  readonly root: string;
  /** Where the copy and the binary go. */
  readonly folder: string;
  readonly target: Target;
  readonly older: OlderDeno;
  /** With what the newer Deno does by itself; without it the program refuses to start. */
  readonly preloads: boolean;
}

/** Makes it, and returns its path. */
export async function makeOlderBinary(options: OlderBinaryOptions): Promise<string> {
  const { root, folder, target, older, preloads } = options;
  const stage = `${folder}/stage`;
  await makeStage({ root, folder: stage });
  const output = `${folder}/rollcall`;
  const [command = "", ...args] = compileArguments(output, target);
  if (preloads) {
    await Deno.copyFile(PRELOAD, `${stage}/preload.ts`);
    args.unshift("--preload", "preload.ts");
  }
  const { success, stderr } = await new Deno.Command(older.deno, {
    args: [command, ...args],
    cwd: stage,
    // Its caches are not those of the newer one.
    env: { NO_COLOR: "1", DENO_DIR: `${folder}/deno_dir`, [RUNTIME_VARIABLE]: older.runtime },
    stdin: "null",
  }).output();
  if (!success) throw new Error(`make an older binary: ${new TextDecoder().decode(stderr)}`);
  await Deno.remove(stage, { recursive: true });
  return output;
}
