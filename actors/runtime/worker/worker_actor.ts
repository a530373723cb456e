/**
 * An actor that lives in a Web Worker: its reference, and the keeper, the actor that stands for it in
 * the tree here, owns the worker, and fails when that does.
 *
 * @module
 */

import type { ActorContext, ActorDefinition, ActorRef, StopReason } from "../mod.ts";
import { isWatchable, onTermination } from "../ref.ts";
import { findRuntime } from "../cell/runtime.ts";
import { WorkerError } from "./errors.ts";
import type { FromWorker } from "./protocol.ts";
import { WorkerRef } from "./worker_ref.ts";

/** How an actor is to live in a worker. */
export interface WorkerActorOptions<M> {
  /**
   * Makes the worker, whose module calls `serveWorker`. For `deno compile` to find the module, write
   * `new Worker(new URL("./x_worker.ts", import.meta.url), { type: "module" })`, and name the file in
   * its `include`.
   */
  readonly create: () => Worker;
  /** What kind of actor this is, for people who look at the tree. Default `worker`. */
  readonly name?: string;
  /**
   * Messages that may be under way: told and not yet handled. Default 16: enough to keep a worker
   * busy while a turn here takes its time, few enough for messages of some megabytes.
   */
  readonly window?: number;
  /** What of a message is handed over instead of copied, as buffers can be. Default: nothing. */
  readonly transfer?: (message: M) => readonly Transferable[];
  /** How long the actor may take to stop before the worker is ended, in milliseconds. Default 1000. */
  readonly stopGraceMs?: number;
}

/** What the keeper tells itself. */
export interface KeeperMessage {
  readonly type: "worker_ended";
  readonly worker: Worker;
  readonly reason: StopReason;
}

/** An actor in a worker, to be spawned. */
export interface WorkerActor<M> {
  /** The keeper; to be spawned once, under a supervisor that restarts it. */
  readonly definition: ActorDefinition<KeeperState, KeeperMessage>;
  /** Reaches the actor in the worker. */
  readonly ref: ActorRef<M>;
}

/** The keeper's state: nothing that others need. */
export interface KeeperState {
  readonly worker: Worker;
  /** Resolves when the actor in the worker has ended. */
  readonly ended: Promise<void>;
  /** From here on the worker's end is no news. */
  readonly ignoreEnd: () => void;
}

/**
 * Makes an actor that lives in a worker. If the worker dies or the actor in it fails, the keeper
 * fails; its restart makes a new worker, and the reference leads there. What was sent to the old one
 * and not handled is lost, what was told in between waits.
 *
 * @throws {WorkerError} `invalid_option` if `window` is not a positive whole number.
 */
export function workerActor<M>(options: WorkerActorOptions<M>): WorkerActor<M> {
  const { window = 16, stopGraceMs = 1_000 } = options;
  if (!Number.isInteger(window) || window < 1) {
    throw new WorkerError(
      "invalid_option",
      `make an actor in a worker: expected a window of at least 1 message, got ${window}`,
    );
  }
  const ref = new WorkerRef({
    window,
    // The reference takes messages of this protocol only.
    transfer: (message) => options.transfer?.(message as M) ?? [],
  });
  let owner: ActorRef<KeeperMessage> | undefined;
  return {
    ref,
    definition: {
      name: options.name ?? "worker",
      stopDeadlineMs: stopGraceMs + 1_000,
      init(context) {
        if (owner === undefined) belongTo(ref, context);
        else if (owner !== context.self) {
          throw new WorkerError(
            "invalid_option",
            `spawn ${context.path}: expected a definition of its own, it is ${owner.path}'s`,
          );
        }
        owner = context.self;
        return startWorker(options.create(), ref, context);
      },
      receive(state, { worker, reason }, context) {
        if (worker !== state.worker) return state;
        if (reason.kind === "failed") throw reason.error;
        context.stopSelf();
        return state;
      },
      async onStop({ worker, ended, ignoreEnd }, context) {
        ignoreEnd();
        const grace = Promise.withResolvers<void>();
        const cancel = context.clock.after(stopGraceMs, grace.resolve);
        worker.postMessage({ k: "stop" });
        await Promise.race([ended, grace.promise]);
        cancel();
        worker.terminate();
        ref.disconnect();
      },
      summarize: () => ({ underWay: ref.underWay }),
    },
  };
}

/** Ties the reference's end to the keeper's, which comes when no restart follows. */
function belongTo(ref: WorkerRef, { self, path }: ActorContext<KeeperMessage>): void {
  ref.belongTo(findRuntime(self), path);
  if (isWatchable(self)) self[onTermination]((reason) => ref.end(reason));
}

function startWorker(
  worker: Worker,
  ref: WorkerRef,
  { self }: ActorContext<KeeperMessage>,
): KeeperState {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  let isNews = true;
  function onEnd(reason: StopReason): void {
    resolve();
    if (!isNews) return;
    isNews = false;
    ref.disconnect();
    self.tell({ type: "worker_ended", worker, reason });
  }
  worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
    if (data.k === "ended") onEnd(reasonOf(data));
    else ref.take(data);
  });
  worker.addEventListener("error", (event) => {
    // Unhandled, it would end this process too.
    event.preventDefault();
    onEnd(failed("worker_failed", event.message));
  });
  worker.addEventListener("messageerror", () => {
    onEnd(failed("worker_failed", "a message from the worker could not be read"));
  });
  ref.connect((frame, transfer) => worker.postMessage(frame, [...transfer]));
  return { worker, ended, ignoreEnd: () => isNews = false };
}

function reasonOf({ kind, error }: FromWorker & { readonly k: "ended" }): StopReason {
  return kind === "failed" ? failed("actor_failed", String(error), error) : { kind };
}

function failed(code: "worker_failed" | "actor_failed", why: string, cause?: unknown): StopReason {
  return {
    kind: "failed",
    error: new WorkerError(code, `run an actor in a worker: ${why}`, { cause }),
  };
}
