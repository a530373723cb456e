/**
 * The processes that the demo starts. Each carries the demo's mark, has a log file, and runs in a session of its own, so
 * that a Ctrl-C reaches the demo alone. One that ends without being told to fails the demo with the last lines of its log.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { createInterface } from "node:readline";
import { DemoError, within } from "./deadlines.ts";
import { MARK_VARIABLE } from "./marked_processes.ts";

/** How to start a process. */
export interface ChildOptions {
  /** Names the process in messages and its log file; unique among those that run. */
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  /** Called with every line of its standard output. */
  readonly onLine?: (line: string) => void;
  /** Whether the process ends by itself: then only a status other than 0 is a failure, reported by {@link Child.finished}. */
  readonly endsByItself?: boolean;
}

/** How a process ended. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A process that the demo started. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  /** The first line of its standard output, as JSON. Rejects when the process ends before it. */
  readonly ready: Promise<unknown>;
  /** Resolves when it has ended, for whatever reason. */
  readonly exited: Promise<ChildExit>;
  /** Resolves when it has ended with status 0, rejects with the end of its log otherwise. */
  readonly finished: Promise<void>;
  /** Sends a signal; from then on its end is expected. */
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}

/** What the processes of a demo have in common. */
export interface ChildrenOptions {
  readonly mark: string;
  readonly logFolder: string;
  /** Called for each process that ended without being told to. */
  readonly onUnexpectedEnd: (error: DemoError) => void;
}

/** How many lines of its log the message of a process that failed shows. */
const LOG_TAIL_LINES = 15;

/** Starts processes and ends them. */
export class Children {
  readonly #options: ChildrenOptions;
  readonly #running = new Set<Child>();
  #isEnding = false;

  constructor(options: ChildrenOptions) {
    this.#options = options;
  }

  /** Starts a program. */
  start({ name, command, onLine, endsByItself = false }: ChildOptions): Child {
    if (this.#isEnding) throw new DemoError(`start ${name}: the demo is ending`);
    const logPath = `${this.#options.logFolder}/${name}.log`;
    const log = openSync(logPath, "a");
    const [program, ...args] = command;
    const process = spawn(program, args, {
      stdio: ["ignore", "pipe", log],
      detached: true,
      env: { ...Deno.env.toObject(), NO_COLOR: "1", [MARK_VARIABLE]: this.#options.mark },
    });
    closeSync(log);
    const exited = exitOf(process);
    const firstLine = Promise.withResolvers<unknown>();
    const finished = exited.then((exit) => {
      if (exit.code !== 0) throw this.#endError(name, { exit, logPath });
    });
    // Not every caller awaits each of them, so that a rejection may go unhandled otherwise.
    for (const promise of [firstLine.promise, finished]) promise.catch(() => {});

    readLines(process, (line) => {
      firstLine.resolve(parseReady(line));
      onLine?.(line);
    });
    let isExpected = false;
    const child: Child = {
      name,
      pid: process.pid ?? 0,
      ready: firstLine.promise,
      exited,
      finished,
      kill: (signal) => {
        isExpected = true;
        process.kill(signal);
      },
    };
    this.#running.add(child);
    exited.then((exit) => {
      this.#running.delete(child);
      const error = this.#endError(name, { exit, logPath });
      firstLine.reject(error);
      if (!isExpected && !this.#isEnding && !endsByItself) this.#options.onUnexpectedEnd(error);
    });
    return child;
  }

  /** Starts a process and waits for its first line. */
  async startReady(
    options: ChildOptions,
    wait: { readonly deadlineMs: number; readonly signal: AbortSignal },
  ): Promise<{ child: Child; ready: unknown }> {
    const child = this.start(options);
    const ready = await within(child.ready, {
      what: `${options.name} to say that it is ready`,
      lastKnown: () => tailOf(`${this.#options.logFolder}/${options.name}.log`),
      ...wait,
    });
    return { child, ready };
  }

  /**
   * Ends all processes, those of `first` before the others, by SIGTERM, and SIGKILL after the grace. No process can be
   * started after this.
   */
  async end({ first, graceMs }: { first: readonly Child[]; graceMs: number }): Promise<void> {
    this.#isEnding = true;
    await endAll(first.filter((child) => this.#running.has(child)), graceMs);
    await endAll([...this.#running], graceMs);
  }

  #endError(name: string, { exit, logPath }: { exit: ChildExit; logPath: string }): DemoError {
    const how = exit.signal === null ? `status ${exit.code}` : `signal ${exit.signal}`;
    return new DemoError(`${name} ended with ${how}; its log ends:\n${tailOf(logPath)}`);
  }
}

async function endAll(children: readonly Child[], graceMs: number): Promise<void> {
  await Promise.all(children.map(async (child) => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
    await child.exited;
    clearTimeout(timer);
  }));
}

function exitOf(process: ChildProcess): Promise<ChildExit> {
  const { promise, resolve } = Promise.withResolvers<ChildExit>();
  process.once("exit", (code, signal) => resolve({ code, signal }));
  process.once("error", () => resolve({ code: null, signal: null }));
  return promise;
}

function readLines(process: ChildProcess, onLine: (line: string) => void): void {
  if (process.stdout === null) return;
  const lines = createInterface({ input: process.stdout, crlfDelay: Infinity });
  lines.on("line", onLine);
}

function parseReady(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}

function tailOf(logPath: string): string {
  try {
    const text = Deno.readTextFileSync(logPath).trimEnd();
    const lines = text === "" ? ["(nothing)"] : text.split("\n").slice(-LOG_TAIL_LINES);
    return lines.map((line) => `  | ${line}`).join("\n");
  } catch {
    return "  | (no log)";
  }
}
