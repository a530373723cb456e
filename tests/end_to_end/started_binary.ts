/**
 * Commands of a binary, run as its users run them.
 *
 * @module
 */

/** How a command ended. */
export interface BinaryRun {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command to its end. */
export async function runBinary(
  [binary, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>> = {},
): Promise<BinaryRun> {
  const { code, stdout, stderr } = await start(binary, args, env).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { status: code, stdout: decode(stdout), stderr: decode(stderr) };
}

/** A command that runs until it is disposed of. */
export interface StartedBinary extends AsyncDisposable {
  /** Its first line, as JSON. */
  readonly ready: Readonly<Record<string, unknown>>;
}

/** Starts a command and waits for its first line. */
export async function startBinary(
  [binary, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>> = {},
): Promise<StartedBinary> {
  const child = start(binary, args, env);
  const stderr = new Response(child.stderr).text();
  const reader = child.stdout.getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value } = await reader.read();
    if (value === undefined) throw new Error(`rollcall ${args.join(" ")}: ${await stderr}`);
    text += new TextDecoder().decode(value);
  }
  return {
    ready: JSON.parse(text.slice(0, text.indexOf("\n"))),
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await reader.cancel();
      await child.status;
      await stderr;
    },
  };
}

function start(
  binary: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Deno.ChildProcess {
  return new Deno.Command(binary, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1", ...env },
  }).spawn();
}
