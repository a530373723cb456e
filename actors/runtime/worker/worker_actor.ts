/**
 * Actors that live in Web Workers. The keeper is an actor here that owns the worker and fails when the
 * worker does; it stands for the actor in the tree. Messages go from the reference (worker_ref.ts)
 * through the worker's port to the actor that serve_worker.ts runs there; answers come back the same
 * way.
 *
 * @module
 */

import type { ActorContext, ActorDefinition, ActorRef, StopReason } from "../mod.ts";
import { isWatchable, onTermination } from "../ref.ts";
import { findRuntime } from "../cell/runtime.ts";
import { WorkerError } from "./errors.ts";
import type { FromWorker } from "./protocol.ts";
import { WorkerRef } from "./worker_ref.ts";

/** Options of {@linkcode workerActor}. */
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
  /** The parts of a message that are transferred instead of copied, such as buffers. Default: none. */
  readonly transfer?: (message: M) => readonly Transferable[];
  /** How long the actor may take to stop before the worker is ended, in milliseconds. Default 1000. */
  readonly stopGraceMs?: number;
}

/** The message that a keeper sends itself when its worker has ended. */
export interface KeeperMessage {
  /** Which message it is. */
  readonly type: "worker_ended";
  /** The worker that has ended. */
  readonly worker: Worker;
  /** Why it has ended. */
  readonly reason: StopReason;
}

/** An actor in a worker: the definition of its keeper, and its reference. */
export interface WorkerActor<M> {
  /** The keeper. Spawn it once, under a supervisor that restarts it. */
  readonly definition: ActorDefinition<KeeperState, KeeperMessage>;
  /** Reaches the actor in the worker. */
  readonly ref: ActorRef<M>;
}

/** The keeper's state. Nothing outside looks into it. */
export interface KeeperState {
  /** The worker. */
  readonly worker: Worker;
  /** Resolves when the actor in the worker has ended. */
  readonly ended: Promise<void>;
  /** Makes the keeper ignore the worker's end, because it is stopping the worker itself. */
  readonly ignoreEnd: () => void;
}

/**
 * Makes an actor that lives in a worker. If the worker dies or the actor in it fails, the keeper
 * fails; its restart makes a new worker, to which the reference leads from then on. Messages that the
 * old worker had not handled are lost; messages that were told in between wait.
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
    // The reference's type accepts this protocol only.
    transfer: (message) => options.transfer?.(message as M) ?? [],
  });
  let owner: ActorRef<KeeperMessage> | undefined;
  return {
    ref,
    definition: {
      name: options.name ?? "worker",
      stopDeadlineMs: stopGraceMs + 1_000,
      init(context) {
        if (owner === undefined) attachToKeeper(ref, context);
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

/** Makes the reference end when the keeper has ended for good. */
function attachToKeeper(ref: WorkerRef, { self, path }: ActorContext<KeeperMessage>): void {
  ref.attachToKeeper(findRuntime(self), path);
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
    // Without this, the error would end this process too.
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
