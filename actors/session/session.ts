/**
 * The session actor: owns the ZooKeeper session of the agent. Changes of the session's state, and of znodes that actors
 * watch, come in from the client and go out as messages. No other actor opens a session; the others make their requests
 * through the client that it publishes.
 *
 * @module
 */

import { ZooKeeper, type ZooKeeperOptions } from "../../zookeeper/mod.ts";
import type { ActorContext, ActorDefinition, ActorRef, Publisher } from "../runtime/mod.ts";

/** Published when the state of the session changes. */
export type SessionEvent =
  /** There is a session. If its id is another than before, the ephemeral znodes of the old session are gone. */
  | {
    readonly type: "session_connected";
    readonly zookeeper: ZooKeeper;
    readonly sessionId: bigint;
  }
  /** There is no connection. The session may still exist: change nothing, keep serving (invariant I9). */
  | { readonly type: "session_suspended" };

/** A watched znode has changed. It says that the znode must be read again, not what it contains. */
export interface ZnodeEvent {
  readonly type: "znode_changed";
  readonly path: string;
}

/** The messages of the session actor. */
export type SessionMessage =
  /** Watches a znode and its list of children until the subscriber ends, across reconnects and new sessions. */
  | { readonly type: "watch"; readonly path: string; readonly subscriber: ActorRef<ZnodeEvent> }
  | { readonly type: "state_changed" }
  | { readonly type: "watch_set"; readonly path: string }
  | { readonly type: "watch_failed"; readonly path: string; readonly error: unknown }
  | { readonly type: "retry_watch"; readonly path: string }
  | { readonly type: "znode_event"; readonly path: string };

interface State {
  readonly zookeeper: ZooKeeper;
  readonly stopListening: () => void;
  /** The id of the session that was published last; 0n before the first. */
  sessionId: bigint;
  isConnected: boolean;
  readonly watchers: Map<string, Set<ActorRef<ZnodeEvent>>>;
}

/** Most watched paths. An agent watches a handful; this many means that an actor watches in a loop. */
const WATCHED_PATHS_MAX = 1_000;

/** Time before a watch that could not be set is tried again. */
const WATCH_RETRY_MS = 1_000;

/** What the session actor works with. */
export interface SessionOptions {
  /** Connect string of the ensemble. */
  readonly servers: string;
  readonly client: ZooKeeperOptions;
  /** Where changes of the session are published. It should replay the last one to new subscribers. */
  readonly events: Publisher<SessionEvent>;
  /** Makes the client, which begins to connect. Default: one that connects over the network. */
  readonly connect?: (servers: string, options: ZooKeeperOptions) => ZooKeeper;
}

/** Makes the session actor. It closes the session when it stops, so that the host's entries are removed at once. */
export function sessionActor(
  options: SessionOptions,
): ActorDefinition<State, SessionMessage> {
  return {
    name: "session",
    init(context) {
      const { servers, client, connect = connectOverNetwork } = options;
      const zookeeper = connect(servers, { ...client, log: context.log });
      const stopListening = zookeeper.onState(() => context.self.tell({ type: "state_changed" }));
      // After a restart of this actor, the last event still has the client of the earlier incarnation.
      options.events.publish({ type: "session_suspended" });
      context.self.tell({ type: "state_changed" });
      return { zookeeper, stopListening, sessionId: 0n, isConnected: false, watchers: new Map() };
    },
    summarize: ({ isConnected, sessionId, watchers }) => ({
      session: isConnected ? `0x${sessionId.toString(16)}` : "not connected",
      watches: watchers.size,
    }),
    receive(state, message, context) {
      switch (message.type) {
        case "watch": {
          const { path, subscriber } = message;
          const watchers = state.watchers.get(path);
          context.watch(subscriber);
          if (watchers !== undefined) {
            watchers.add(subscriber);
          } else if (state.watchers.size < WATCHED_PATHS_MAX) {
            state.watchers.set(path, new Set([subscriber]));
            setWatch(state, path, context);
          } else {
            context.log.error("watch {path}: {limit} paths are watched already", {
              path,
              limit: WATCHED_PATHS_MAX,
            });
          }
          return state;
        }
        case "retry_watch":
          setWatch(state, message.path, context);
          return state;
        case "watch_failed":
          context.log.debug("watch of {path} not set yet: {error}", {
            path: message.path,
            error: message.error,
          });
          context.timers.after(`watch ${message.path}`, WATCH_RETRY_MS, {
            type: "retry_watch",
            path: message.path,
          });
          return state;
        // Changes before the watch was set were not seen, so this is a reason to read the znode too.
        case "watch_set":
        case "znode_event":
          for (const watcher of state.watchers.get(message.path) ?? []) {
            watcher.tell({ type: "znode_changed", path: message.path });
          }
          return state;
        case "state_changed":
          return followState(state, options.events);
      }
    },
    onSignal(state, signal) {
      if (signal.type !== "terminated") return state;
      for (const watchers of state.watchers.values()) {
        for (const watcher of watchers) {
          if (watcher.path === signal.ref.path) watchers.delete(watcher);
        }
      }
      return state;
    },
    async onStop(state) {
      state.stopListening();
      await state.zookeeper.close();
    },
  };
}

function connectOverNetwork(servers: string, options: ZooKeeperOptions): ZooKeeper {
  return new ZooKeeper(servers, options);
}

function setWatch(state: State, path: string, context: ActorContext<SessionMessage>): void {
  context.pipeToSelf(
    () => state.zookeeper.watch(path, {}, () => context.self.tell({ type: "znode_event", path })),
    {
      ok: () => ({ type: "watch_set", path }),
      error: (error) => ({ type: "watch_failed", path, error }),
    },
  );
}

/** Publishes changes of the session's state. The client opens a new session by itself after an expiry. */
function followState(state: State, events: Publisher<SessionEvent>): State {
  const { zookeeper } = state;
  if (zookeeper.state !== "connected") {
    if (state.isConnected) events.publish({ type: "session_suspended" });
    state.isConnected = false;
    return state;
  }
  const { sessionId } = zookeeper;
  if (state.isConnected && sessionId === state.sessionId) return state;
  state.isConnected = true;
  state.sessionId = sessionId;
  events.publish({ type: "session_connected", zookeeper, sessionId });
  return state;
}
