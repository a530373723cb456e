/**
 * `deno task compile`: the whole program as one binary, `dist/rollcall`, and the proof that it is one.
 *
 * @module
 */

import { CommanderError } from "@commander-js/extra-typings";
import { fileURLToPath } from "node:url";
import { denoProblem } from "../cli/required_deno.ts";
import { type Binary, makeBinary } from "./compile/binary.ts";
import { CompileError } from "./compile/compile_error.ts";
import { type CompileOptions, EXIT_USAGE, parseCompileOptions } from "./compile/options.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const EXIT_FAILURE = 1;
const MIB = 2 ** 20;

if (import.meta.main) Deno.exit(await run(Deno.args));

async function run(args: readonly string[]): Promise<number> {
  const tooOld = denoProblem(Deno.version.deno);
  if (tooOld !== null) {
    write(Deno.stderr, `${tooOld}\n`);
    return EXIT_FAILURE;
  }
  try {
    const options = parseCompileOptions(args, {
      writeOut: (text) => write(Deno.stdout, text),
      writeErr: (text) => write(Deno.stderr, text),
    });
    write(Deno.stdout, describe(await makeBinary(ROOT, options), options));
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    const message = userMessage(error);
    if (message === null) throw error;
    write(Deno.stderr, `${message}\n`);
    return EXIT_FAILURE;
  }
}

/** What the user is told, without a stack; `null`: the error is one of this program. */
function userMessage(error: unknown): string | null {
  if (error instanceof CompileError) return error.message;
  // A disk that is full, or a dist/ that cannot be written.
  if (error instanceof Error && /\(os error \d+\)/.test(error.message)) {
    return `compile: expected files that can be read and written, was: ${error.message}`;
  }
  return null;
}

function describe(binary: Binary, { output, target }: CompileOptions): string {
  const { version, sizeBytes, runtimeBytes, packagesBytes, packagesCount } = binary;
  const parts = [
    ["runtime", runtimeBytes, `Deno ${Deno.version.deno}`],
    ["npm packages", packagesBytes, `${packagesCount} of them`],
    ["our code", binary.ownBytes, `${binary.modulesCount} modules, with their source maps`],
  ] as const;
  return [
    `${output}: rollcall ${version} for ${target.name} Linux, ${mib(sizeBytes)}`,
    ...parts.map(([name, bytes, more]) =>
      `  ${name.padEnd(13)} ${mib(bytes).padStart(9)}  ${more}`
    ),
    ...(binary.wasRun ? [] : [`  not run: this machine is no ${target.name}`]),
    "",
  ].join("\n");
}

function mib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}

function write(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  stream.writeSync(new TextEncoder().encode(text));
}
