/** A contender's process: starts it, has it run cases, and ends it. */

import { readLines } from "../read_lines.ts";

const HERE = new URL("./", import.meta.url);

/** What a process is asked for. See contenders/serve.js. */
export type Request =
  | { readonly kind: "rate"; readonly name: string; readonly durationMs: number }
  | { readonly kind: "memory"; readonly count: number }
  | { readonly kind: "delay"; readonly name?: string; readonly durationMs: number };

/** Times of many events, in milliseconds. */
export interface Times {
  readonly count: number;
  readonly median: number;
  readonly p99: number;
  readonly max: number;
}

/** What it answers. */
export interface Answer {
  readonly value?: number;
  readonly timer?: Times;
  readonly socket?: Times;
  readonly handled?: number;
  readonly error?: string;
}

/** What runs in a process of its own. */
export interface Contender {
  readonly name: string;
  readonly file: string;
}

/** The libraries that are compared. Ours runs by the same rules, in a process of its own. */
export const CONTENDERS: readonly [Contender, ...Contender[]] = [
  { name: "ours", file: "ours.ts" },
  { name: "nact", file: "nact.js" },
  { name: "XState", file: "xstate.js" },
  { name: "Comedy", file: "comedy.js" },
  { name: "Effect", file: "effect.js" },
];

/** The bare channels, for comparison: no checks, bounds, supervision or timeouts. */
export const BARE: Contender = { name: "bare channel", file: "bare.js" };

/** The contenders for questions that leave their thread; nact, XState and Effect cannot do that. */
export const CROSSING_CONTENDERS: Readonly<Record<string, readonly Contender[]>> = {
  "message through a worker": [
    ...CONTENDERS.filter(({ name }) => name === "ours" || name === "Comedy"),
    { name: "Comlink", file: "comlink.js" },
    BARE,
  ],
  "remote ask": [...CONTENDERS.filter(({ name }) => name === "ours" || name === "Comedy"), BARE],
};

/** The versions of the peers that are installed. */
export async function peerVersions(): Promise<Record<string, string>> {
  const { dependencies } = JSON.parse(
    await Deno.readTextFile(new URL("package.json", HERE)),
  ) as { dependencies: Record<string, string> };
  return dependencies;
}

/** One running process. */
export class ContenderProcess {
  readonly name: string;
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncIterator<string>;

  constructor({ name, file }: Contender) {
    this.name = name;
    // The peers are a package of their own; ours needs what the project imports.
    const config = new URL(name === "ours" ? "../../../deno.json" : "deno.json", HERE).pathname;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-check",
        "--allow-all",
        "--config",
        config,
        "--v8-flags=--expose-gc",
        new URL(`contenders/${file}`, HERE).pathname,
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#lines = readLines(this.#child.stdout);
  }

  /** Runs one case. */
  async run(request: Request): Promise<Answer> {
    await this.#writer.write(new TextEncoder().encode(`${JSON.stringify(request)}\n`));
    const answer = JSON.parse(await this.#answerTo(request)) as Answer;
    if (answer.error !== undefined) {
      throw new Error(`run ${JSON.stringify(request)} in ${this.name}: it failed: ${answer.error}`);
    }
    return answer;
  }

  /** The next line that holds an answer; what a library prints besides is passed over. */
  async #answerTo(request: Request): Promise<string> {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) {
        throw new Error(`run ${request.kind} in ${this.name}: expected an answer, it ended`);
      }
      if (value.startsWith("{")) return value;
    }
  }

  /** Ends the process. */
  async end(): Promise<void> {
    await this.#writer.close();
    await this.#child.status;
  }
}
