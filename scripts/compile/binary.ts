/**
 * Makes the binary, and shows that it is one by running it. Nothing appears at the place asked for before that.
 *
 * @module
 */

import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { CompileError } from "./compile_error.ts";
import { ENTRY, STARTED_BY_URL } from "./contents.ts";
import { readElf } from "./elf.ts";
import type { CompileOptions } from "./options.ts";
import { checkRuntime, RUNTIME_VARIABLE, runtimeMessage, type RuntimeNeed } from "./runtime.ts";
import { makeStage, type Stage } from "./stage.ts";
import { ownTarget, type Target } from "./targets.ts";

/** What was made, by its parts. */
export interface Binary {
  readonly version: string;
  readonly sizeBytes: number;
  /** Deno's part: JavaScript engine, network, files. */
  readonly runtimeBytes: number;
  readonly packagesBytes: number;
  readonly packagesCount: number;
  /** The rest: modules as written and as they are run, their source maps, the index of all files. */
  readonly ownBytes: number;
  readonly modulesCount: number;
  /** Only a program for this machine can be tried on it. */
  readonly wasRun: boolean;
}

/** What Deno says when it could not get the runtime. */
const NO_RUNTIME = /Setting up base binary|denort/;

/** Compiles the project at `root`. Throws a {@link CompileError} that says what to do. */
export async function makeBinary(root: string, options: CompileOptions): Promise<Binary> {
  const { target, output, task } = options;
  const need: RuntimeNeed = { target, version: Deno.version.deno, task };
  const runtime = Deno.env.get(RUNTIME_VARIABLE);
  if (runtime !== undefined) await checkRuntime(runtime, need);
  // On the same disk as the result, which so appears all at once.
  await Deno.mkdir(join(root, ".cache"), { recursive: true });
  const folder = await Deno.makeTempDir({ dir: join(root, ".cache"), prefix: "compile-" });
  const stopListening = onStop(() => Deno.removeSync(folder, { recursive: true }));
  try {
    const stage = await makeStage({ root, folder: join(folder, "stage") });
    const made = join(folder, "rollcall");
    await compile(stage, { made, need, runtime });
    const config = JSON.parse(await Deno.readTextFile(join(root, "deno.json")));
    const { version } = z.looseObject({ version: z.string() }).parse(config);
    const wasRun = target === ownTarget();
    if (wasRun) await checkByRunning(made, { version, need });
    const binary = await measure(made, { stage, version, wasRun });
    await Deno.mkdir(resolve(root, dirname(output)), { recursive: true });
    await Deno.rename(made, resolve(root, output));
    return binary;
  } finally {
    stopListening();
    await Deno.remove(folder, { recursive: true });
  }
}

/** The arguments of `deno` that compile the copy that it is run in. */
export function compileArguments(output: string, { triple }: Target): string[] {
  return [
    "compile",
    "--allow-all",
    // The types are not in the copy; `deno task check` looks at them.
    "--no-check",
    "--quiet",
    // It is a file of a known name in /tmp, which whoever comes first may write, and no start is faster for it.
    "--no-code-cache",
    ...["--target", triple],
    ...STARTED_BY_URL.flatMap((path) => ["--include", path]),
    ...["--output", output],
    ENTRY,
  ];
}

/** Cleans up and ends the process when the user stops it; what it has started is stopped by the same Ctrl-C. */
function onStop(cleanUp: () => void): () => void {
  const listeners = ([["SIGINT", 130], ["SIGTERM", 143]] as const).map(([name, status]) => {
    const listener = () => {
      cleanUp();
      Deno.exit(status);
    };
    Deno.addSignalListener(name, listener);
    return { name, listener };
  });
  return () => {
    for (const { name, listener } of listeners) Deno.removeSignalListener(name, listener);
  };
}

async function compile(
  { folder }: Stage,
  { made, need, runtime }: {
    readonly made: string;
    readonly need: RuntimeNeed;
    readonly runtime: string | undefined;
  },
): Promise<void> {
  const { success, code, signal, stderr } = await new Deno.Command(Deno.execPath(), {
    args: compileArguments(made, need.target),
    cwd: folder,
    // A path of the user's is relative to where the user is.
    env: { NO_COLOR: "1", ...(runtime && { [RUNTIME_VARIABLE]: resolve(runtime) }) },
    stdin: "null",
  }).output();
  if (success) return;
  const said = new TextDecoder().decode(stderr).replace(/\n\s*Stack backtrace:[\s\S]*/, "").trim();
  if (NO_RUNTIME.test(said)) {
    const [, cause = "it did not say why"] = /^\s*1: (.*)$/m.exec(said) ?? [];
    throw new CompileError(runtimeMessage(`it could not be fetched: ${cause}`, need));
  }
  throw new CompileError(
    `compile: expected deno compile to end well, it ended with ${
      signal ?? `status ${code}`
    }: ${said}`,
  );
}

async function checkByRunning(
  path: string,
  { version, need }: { readonly version: string; readonly need: RuntimeNeed },
): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(path, {
    args: ["--version"],
    // Without an end of input a plain REPL would wait for ever.
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  const answer = new TextDecoder().decode(stdout).trim();
  if (success && answer === version) return;
  const [said = ""] = `${answer}${new TextDecoder().decode(stderr)}`.trim().split("\n");
  throw new CompileError(
    runtimeMessage(
      `with the one that was used rollcall --version says "${said.slice(0, 120)}", not ${version}`,
      need,
    ),
  );
}

async function measure(
  path: string,
  { stage, version, wasRun }: {
    readonly stage: Stage;
    readonly version: string;
    readonly wasRun: boolean;
  },
): Promise<Binary> {
  const bytes = await Deno.readFile(path);
  const image = readElf(bytes);
  const runtimeBytes = image === null ? 0 : image.endOffset - image.compiledBytes;
  const { packagesBytes, packagesCount, modulesCount } = stage;
  const ownBytes = bytes.length - runtimeBytes - packagesBytes;
  return {
    version,
    sizeBytes: bytes.length,
    runtimeBytes,
    packagesBytes,
    packagesCount,
    ownBytes,
    modulesCount,
    wasRun,
  };
}
