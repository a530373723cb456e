/**
 * A process with hosts of one contender, as the benchmark sees it: it is asked how far its hosts are, and killed in the
 * end.
 *
 * @module
 */

import { readLines } from "../read_lines.ts";
import { DidNotComplete } from "./did_not_complete.ts";
import type { HostsState } from "./setting.ts";

/** How much of its standard error is kept for the message when it ends by itself. */
const KEPT_CHARACTERS = 2_000;

/** A running process. Disposing of it kills it. */
export class HostsProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #questions: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: AsyncIterator<string>;
  readonly #reading: Promise<void>;
  #stderr = "";

  constructor([program = "", ...args]: readonly string[]) {
    this.#child = new Deno.Command(program, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      env: { NO_COLOR: "1" },
    }).spawn();
    this.#questions = this.#child.stdin.getWriter();
    this.#answers = readLines(this.#child.stdout);
    this.#reading = this.#readErrors();
  }

  /** Asks how far its hosts are. @throws {DidNotComplete} when it has ended, or does not answer within that time. */
  async state(withinMs: number): Promise<HostsState> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new DidNotComplete("the process of the hosts does not answer")),
        withinMs,
      );
    });
    try {
      return await Promise.race([this.#ask(), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#child.status;
    await this.#reading;
    // Nobody may have read to its end.
    while ((await this.#answers.next()).done !== true);
    await this.#questions.abort().catch(() => {});
  }

  async #ask(): Promise<HostsState> {
    try {
      await this.#questions.write(new TextEncoder().encode("\n"));
      const { value, done } = await this.#answers.next();
      if (done !== true) return JSON.parse(value) as HostsState;
    } catch (error) {
      if (error instanceof SyntaxError) throw error;
      // Its end says why it cannot be asked.
    }
    await this.#reading;
    throw new DidNotComplete(`the process of the hosts has ended: ${this.#stderr.trim()}`);
  }

  async #readErrors(): Promise<void> {
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      this.#stderr = (this.#stderr + text).slice(-KEPT_CHARACTERS);
    }
  }
}
