/**
 * One agent as a real process, so that a SIGKILL is real. Its log is kept in a file and quoted when something goes wrong.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { MARK_VARIABLE } from "../../../../scripts/demo/marked_processes.ts";

/** How an agent is started. */
export interface AgentProcessOptions {
  readonly configPath: string;
  readonly logPath: string;
  /** An environment variable that its children inherit: by it the harness finds processes to end. */
  readonly mark: string;
  /** Words before the command, such as `setpriv` with its arguments. */
  readonly wrapper?: readonly string[];
  /** A module that runs before the program, and its environment. */
  readonly preload?: { readonly module: string; readonly env: Readonly<Record<string, string>> };
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

const PROGRAM = fileURLToPath(new URL("../../../../mod.ts", import.meta.url));

/** A running agent. */
export class AgentProcess {
  readonly exited: Promise<Exit>;
  /** How it ended without having been told to; `null` if it has not. */
  unexpectedEnd: Exit | null = null;
  #isToldToEnd = false;
  readonly #child: ChildProcess;
  readonly #logPath: string;

  constructor({ configPath, logPath, mark, wrapper = [], preload }: AgentProcessOptions) {
    const log = openSync(logPath, "a");
    const first = preload === undefined ? [] : ["--preload", preload.module];
    const argv = [...wrapper, Deno.execPath(), "run", "-A", ...first, PROGRAM, "agent"];
    const [program = "", ...args] = [...argv, "--config", configPath, "--log-level", "debug"];
    this.#child = spawn(program, args, {
      stdio: ["ignore", log, log],
      env: { ...Deno.env.toObject(), NO_COLOR: "1", [MARK_VARIABLE]: mark, ...preload?.env },
    });
    closeSync(log);
    this.#logPath = logPath;
    const { promise, resolve } = Promise.withResolvers<Exit>();
    this.#child.once("exit", (code, signal) => resolve({ code, signal }));
    this.#child.once("error", () => resolve({ code: null, signal: null }));
    this.exited = promise.then((exit) => {
      if (!this.#isToldToEnd) this.unexpectedEnd = exit;
      return exit;
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The whole log file, which earlier agents with the same log have written to as well. */
  get log(): string {
    return readFileSync(this.#logPath, "utf8");
  }

  /** Sends a signal. */
  signal(signal: "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    if (signal === "SIGTERM" || signal === "SIGKILL") this.#isToldToEnd = true;
    // Not with `child.kill`, after which Deno reports any end as one by that signal.
    try {
      Deno.kill(this.pid, signal);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Waits until it has ended by itself. */
  async untilEnded(): Promise<Exit> {
    this.#isToldToEnd = true;
    return await this.exited;
  }

  /** Ends it with a signal and waits until it is gone. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<Exit> {
    this.signal(signal);
    return await this.exited;
  }
}
