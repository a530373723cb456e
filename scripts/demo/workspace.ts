/**
 * What a demo must clean up: its folder, its processes, its guard.
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
/** Grace for the demo's processes: an agent ends its services first, each of which has a grace of three seconds. */
const ORDERLY_GRACE_MS = 10_000;
/** How long processes that others have started may take to end by themselves. */
const SETTLE_MS = 2_000;
/** Grace for processes that were left behind. */
const LEFTOVER_GRACE_MS = 2_000;
const POLL_MS = 50;

/** The folder, the processes and the guard of one demo. */
export class Workspace {
  /** The temporary folder. */
  readonly folder: string;
  /** The mark that every process of this demo has in its environment. */
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
    // The guard may end before all was written to it, which is no error.
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
   * Ends every process, those of `first` before the others, and removes the folder. The result counts the processes that the
   * commands have left behind although they were told to end.
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

  /** Ends every process at once, so that a {@link Workspace.close} that is under way has nothing left to wait for. */
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
  /** Whether the folder stays. */
  readonly keep: boolean;
  readonly onUnexpectedEnd: (error: DemoError) => void;
}
