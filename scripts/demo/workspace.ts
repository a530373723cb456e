/**
 * What a demo has to give back: its folder, its processes, its guard.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Child, Children } from "./children.ts";
import type { DemoError } from "./deadlines.ts";
import { GUARD_DONE } from "./guard.ts";
import { endMarked, type EndResult, findMarked } from "./marked_processes.ts";

const GUARD_PROGRAM = fileURLToPath(new URL("./guard.ts", import.meta.url));
// An agent ends its services first, which get three seconds each.
const ORDERLY_GRACE_MS = 10_000;
// A keeper of locked memory notices that its agent has ended within this.
const SETTLE_MS = 2_000;
const LEFTOVER_GRACE_MS = 2_000;
const POLL_MS = 50;

/** Where a demo lives. */
export class Workspace {
  /** The temporary folder. */
  readonly folder: string;
  /** What the environment of every process of this demo carries. */
  readonly mark: string;
  readonly children: Children;
  readonly #guard: ChildProcess;
  readonly #keep: boolean;

  private constructor(folder: string, { keep, onUnexpectedEnd }: WorkspaceOptions) {
    this.folder = folder;
    this.mark = crypto.randomUUID();
    this.#keep = keep;
    this.#guard = spawn(
      Deno.execPath(),
      ["run", "-A", "--no-config", GUARD_PROGRAM, this.mark, keep ? "-" : folder],
      { stdio: ["pipe", "ignore", "ignore"], detached: true },
    );
    // It may end before it has heard everything; then there is nothing left to say.
    this.#guard.stdin?.on("error", () => {});
    this.children = new Children({ mark: this.mark, logFolder: `${folder}/logs`, onUnexpectedEnd });
  }

  /** Makes the folder and starts the guard. */
  static async create(options: WorkspaceOptions): Promise<Workspace> {
    const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "rollcall-demo-" }));
    await Deno.mkdir(`${folder}/logs`);
    return new Workspace(folder, options);
  }

  /**
   * Ends every process, those named first before the others, and removes the folder. What comes back counts the processes
   * that the commands left behind although they were asked to end.
   */
  async close({ first }: { readonly first: readonly Child[] }): Promise<EndResult> {
    await this.children.end({ first, graceMs: ORDERLY_GRACE_MS });
    for (let waitedMs = 0; waitedMs < SETTLE_MS; waitedMs += POLL_MS) {
      if (findMarked(this.mark).length === 0) break;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    const result = await endMarked(this.mark, { graceMs: LEFTOVER_GRACE_MS });
    if (!this.#keep) await Deno.remove(this.folder, { recursive: true });
    await this.#dismissGuard();
    return result;
  }

  /** Ends every process at once. {@link Workspace.close}, if it runs, then has nothing to wait for. */
  async closeAtOnce(): Promise<void> {
    await endMarked(this.mark, { graceMs: 0 });
  }

  async #dismissGuard(): Promise<void> {
    if (this.#guard.exitCode !== null) return;
    const { promise: exited, resolve } = Promise.withResolvers<void>();
    this.#guard.once("exit", () => resolve());
    this.#guard.stdin?.end(GUARD_DONE);
    await exited;
  }
}

/** What a workspace depends on. */
export interface WorkspaceOptions {
  /** Leave the folder in place. */
  readonly keep: boolean;
  readonly onUnexpectedEnd: (error: DemoError) => void;
}
