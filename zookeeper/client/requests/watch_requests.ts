/**
 * The requests that set and remove persistent watches.
 *
 * @module
 */

import { hasCode } from "../../errors.ts";
import type { CallOptions, Watch, WatchKind, WatchListener } from "../../types.ts";
import { opcodes, watcherTypes } from "../../wire/protocol.ts";
import { markHandled } from "../session/mark_handled.ts";
import { readEmptyReply, type RequestContext } from "./request_context.ts";

/** Attempts of `watch` before it fails; an attempt fails when the connection or the session is lost. */
const maxWatchAttempts = 10;

const wireTypes = {
  data: watcherTypes.data,
  children: watcherTypes.children,
  any: watcherTypes.any,
};

/** Sets a persistent watch. It is repeated after a lost connection, since that is harmless. */
export async function watch(
  context: RequestContext,
  path: string,
  how: {
    options: CallOptions & { recursive?: boolean | undefined };
    listener: WatchListener;
  },
): Promise<Watch> {
  const { listener } = how;
  const { recursive = false, timeoutMs = context.operationTimeoutMs, signal } = how.options;
  const serverPath = context.paths.toServer(path);
  const deadlineMs = context.clock.nowMs() + timeoutMs;
  const key = context.watches.addPersistent(serverPath, recursive, listener);
  for (let attempt = 1;; attempt++) {
    try {
      await context.request<void>({
        operation: "watch",
        path,
        opcode: opcodes.addWatch,
        encode: (writer) => {
          writer.string(serverPath);
          writer.int(context.watches.modeToSend(serverPath));
        },
        decode: () => context.watches.markEstablished(serverPath),
      }, { signal, timeoutMs: Math.max(0, deadlineMs - context.clock.nowMs()) });
      break;
    } catch (error) {
      const again = attempt < maxWatchAttempts &&
        hasCode(error, "CONNECTION_LOSS", "SESSION_EXPIRED");
      if (again) continue;
      context.watches.removePersistent(serverPath, key);
      throw error;
    }
  }
  return {
    path,
    recursive,
    remove: (options = {}) => markHandled(removeOne(context, path, { key, options })),
  };
}

async function removeOne(
  context: RequestContext,
  path: string,
  { key, options }: { key: symbol; options: CallOptions },
): Promise<void> {
  const wasLast = context.watches.removePersistent(context.paths.toServer(path), key);
  if (wasLast) await removeAtServer(context, path, { kind: "any", options });
}

/** Removes every listener of one kind on a path, here and at the server. Resolves to true if there was one. */
export async function removeWatches(
  context: RequestContext,
  path: string,
  options: CallOptions & { kind?: WatchKind | undefined },
): Promise<boolean> {
  const { kind = "any", ...callOptions } = options;
  const dropped = context.watches.drop(context.paths.toServer(path), kind);
  if (dropped === "at_server") await removeAtServer(context, path, { kind, options: callOptions });
  return dropped !== "nothing";
}

async function removeAtServer(
  context: RequestContext,
  path: string,
  { kind, options }: { kind: WatchKind; options: CallOptions },
): Promise<void> {
  // Without a connection the server has no watch of ours; the next connection does not restore it.
  if (context.session.state !== "connected") return;
  try {
    await context.request<void>({
      operation: "removeWatches",
      path,
      opcode: opcodes.removeWatches,
      encode: (writer) => {
        writer.string(context.paths.toServer(path));
        writer.int(wireTypes[kind]);
      },
      decode: readEmptyReply,
      recover: (code) => code === "NO_WATCHER" ? { value: undefined } : undefined,
    }, options);
  } catch (error) {
    // The connection is gone, and the watch with it.
    if (!hasCode(error, "CONNECTION_LOSS", "SESSION_EXPIRED", "CLOSED")) throw error;
  }
}
