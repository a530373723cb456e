/**
 * Commands of the program that run until they are told to stop: started, read from, stopped or killed.
 *
 * @module
 */

import { PROGRAM } from "./rollcall_process.ts";
import { TextLineStream } from "./text_lines.ts";

/** A command at work. Disposing of it kills it, if it still runs. */
export class RunningCommand implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #stderr: Promise<string>;
  readonly #name: string;
  #ended = false;

  constructor(...args: readonly string[]) {
    this.#name = args.join(" ");
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", PROGRAM, ...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      env: { NO_COLOR: "1" },
    }).spawn();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream()).getReader();
    this.#stderr = new Response(this.#child.stderr).text();
  }

  /** The next line that it prints; rejects with what it said on stderr when it ends without one. */
  async line(): Promise<string> {
    const { value } = await this.#lines.read();
    if (value !== undefined) return value;
    throw new Error(`rollcall ${this.#name} ended early: ${await this.#stderr}`);
  }

  /** The next line as JSON. */
  async json<T>(): Promise<T> {
    return JSON.parse(await this.line());
  }

  /** Sends a signal and does not wait. */
  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Waits for its end; a signal may bring it about. */
  async end(signal?: Deno.Signal): Promise<{ status: number; stdout: string[]; stderr: string }> {
    if (signal !== undefined) this.#child.kill(signal);
    const stdout: string[] = [];
    for (let next = await this.#lines.read(); !next.done; next = await this.#lines.read()) {
      stdout.push(next.value);
    }
    const { code } = await this.#child.status;
    this.#ended = true;
    return { status: code, stdout, stderr: await this.#stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.end();
  }
}

/** A tracker on loopback, and its announce URL. */
export async function startTrackerCommand(): Promise<RunningCommand & { announceUrl: string }> {
  const command = new RunningCommand(
    ...["tracker", "--listen", "127.0.0.1:0", "--hungry-interval", "1", "--json"],
  );
  const { announceUrl } = await command.json<{ announceUrl: string }>();
  return Object.assign(command, { announceUrl });
}

/** A build machine on loopback that publishes one release, and the URL of its feed. */
export async function startPublishCommand(
  ...args: readonly string[]
): Promise<RunningCommand & { feedUrl: string; infoHash: string }> {
  const command = new RunningCommand("publish", ...args, "--listen", "127.0.0.1:0", "--json");
  const { feedUrl, infoHash } = await command.json<{ feedUrl: string; infoHash: string }>();
  return Object.assign(command, { feedUrl, infoHash });
}
