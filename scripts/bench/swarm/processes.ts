/** Processes of the benchmark: started, read line by line, and killed by their handle, never by a name. */

import { readLines } from "../read_lines.ts";

/** How much of its standard error is kept for the message of a process that fails. */
const MAX_KEPT_CHARACTERS = 4_000;
/** How long a process may take to be ready or to print what is awaited. */
const PATIENCE_MS = 900_000;
const LISTEN_POLL_MS = 50;

/** A running process. Disposing of it kills it. */
export class Process implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #name: string;
  readonly #lines: string[] = [];
  readonly #reading: Promise<unknown>;
  #wake = Promise.withResolvers<void>();
  #ended = false;
  #stderr = "";

  constructor(command: readonly string[], { piped = false }: { readonly piped?: boolean } = {}) {
    const [program = "", ...args] = command;
    this.#name = command.slice(4).join(" ");
    this.#child = new Deno.Command(program, {
      args,
      stdin: piped ? "piped" : "null",
      stdout: "piped",
      stderr: "piped",
      // No traffic between the namespaces may go through a proxy of the machine.
      env: { NO_COLOR: "1", http_proxy: "", https_proxy: "", all_proxy: "", no_proxy: "*" },
    }).spawn();
    this.#reading = Promise.all([
      this.#readLines(),
      this.#readErrors(),
      this.#child.status.then(() => this.#ended = true),
    ]).then(() => this.#notify());
  }

  /** Writes bytes to its standard input and closes it. */
  async feed(bytes: Uint8Array): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(bytes);
    await writer.close();
  }

  /** The next line that it prints. */
  async line(): Promise<string> {
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) return line;
      if (this.#ended) throw new Error(`${this.#name} ended: ${this.#stderr}`);
      await this.#news();
    }
  }

  /** Resolves when it has ended with success, rejects when it has failed. */
  async succeeded(): Promise<void> {
    const { success } = await this.#child.status;
    await this.#reading;
    if (!success) throw new Error(`${this.#name} failed: ${this.#stderr}`);
  }

  /** Resolves when it listens on a TCP port of its namespace. */
  async listening(): Promise<void> {
    for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += LISTEN_POLL_MS) {
      if (this.#ended) throw new Error(`${this.#name} ended: ${this.#stderr}`);
      // Each line: number, local address, remote address, state; 0A is LISTEN (proc(5)).
      const isInside = await this.#isInside();
      // A socket for both families stands among those of IPv6.
      const tables = await Promise.all(
        ["tcp", "tcp6"].map((name) =>
          Deno.readTextFile(`/proc/${this.#child.pid}/net/${name}`).catch(() => "")
        ),
      );
      if (isInside && /^\s*\d+: \S+ \S+ 0A /m.test(tables.join("\n"))) return;
      await new Promise((resolve) => setTimeout(resolve, LISTEN_POLL_MS));
    }
    throw new Error(`${this.#name} does not listen: ${this.#stderr}`);
  }

  /** Whether it has entered its namespace; before that, it sees the sockets of the whole machine. */
  async #isInside(): Promise<boolean> {
    const [ours, theirs] = await Promise.all(
      ["self", this.#child.pid].map((id) => Deno.readLink(`/proc/${id}/ns/net`).catch(() => "")),
    );
    return theirs !== "" && theirs !== ours;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#reading;
  }

  async #news(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`${this.#name} says nothing`)), PATIENCE_MS);
    });
    try {
      await Promise.race([this.#wake.promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #readLines(): Promise<void> {
    for await (const line of readLines(this.#child.stdout)) {
      this.#lines.push(line);
      this.#notify();
    }
  }

  async #readErrors(): Promise<void> {
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      this.#stderr = (this.#stderr + text).slice(-MAX_KEPT_CHARACTERS);
    }
  }

  #notify(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}
