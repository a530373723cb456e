/**
 * The fetcher: brings one service's releases onto this host, and seeds all that it keeps. The upgrade coordinator asks for
 * a release; prepare_release.ts fetches and verifies it through the torrent engine; progress and outcome go back to the
 * coordinator. One release is prepared at a time.
 *
 * @module
 */

import { reasonOf } from "../../base/reason.ts";
import type { Releases } from "../../host/mod.ts";
import type { Received, Release } from "../../rollout/mod.ts";
import { type TorrentEngine, type Transfer } from "../../torrent/mod.ts";
import type { ActorContext, ActorDefinition, ActorRef, ReplyTo } from "../runtime/mod.ts";
import { type FetcherDisk, thisDisk } from "./disk.ts";
import { prepareRelease } from "./prepare_release.ts";
import { describePause, transferDetails, type TransfersMessage } from "./transfers.ts";

/** Progress of the release under preparation. */
export interface FetchProgress {
  readonly type: "fetch_progress";
  readonly version: string;
  readonly phase: "fetching" | "verifying";
  /** Share of the phase, 0 to 1. */
  readonly progress: number;
  readonly received: Received;
  /** Why the transfer is paused until somebody on this host does something, in an operator's words; left out: it is not. */
  readonly pause?: string;
  /** Why nothing has arrived for some seconds, in an operator's words; left out: something does. */
  readonly obstacle?: string;
}

/** The outcome of a preparation. */
export type PrepareOutcome =
  | { readonly ok: true; readonly received: Received }
  | { readonly ok: false; readonly reason: string };

/** What the fetcher takes. */
export type FetcherMessage =
  | TransfersMessage
  | {
    readonly type: "prepare";
    readonly release: Release;
    /** Whether it will be locked in memory right afterwards, so that it should stay in the page cache. */
    readonly isPinned: boolean;
    /** Whether the service runs from this release, so that its files must not be touched. */
    readonly isRunning: boolean;
    readonly progressTo: ActorRef<FetchProgress>;
    readonly replyTo: ReplyTo<PrepareOutcome>;
  }
  /** Cancels the preparation. What is on disk stays for the next one. */
  | { readonly type: "cancel" }
  /** Removes old releases from the disk: all but these, the current one, and as many of the newest others as `others`. */
  | { readonly type: "keep"; readonly versions: readonly string[]; readonly others: number }
  | { readonly type: "transfer"; readonly version: string; readonly transfer: Transfer }
  | {
    readonly type: "phase";
    readonly version: string;
    readonly phase: "fetching" | "verifying";
    readonly progress: number;
  }
  | { readonly type: "reused"; readonly version: string; readonly reusedBytes: number }
  | { readonly type: "prepared"; readonly version: string; readonly error: unknown }
  | { readonly type: "seeding"; readonly transfers: ReadonlyMap<string, Transfer> }
  | { readonly type: "removed"; readonly versions: readonly string[] }
  | { readonly type: "failed"; readonly what: string; readonly error: unknown };

interface LoggedObstacle {
  readonly obstacle: string;
  /** On the monotonic clock. */
  readonly atMs: number;
}

/** A reason that changes is logged again after so long: what is tried next changes all the time. */
const OBSTACLE_GAP_MS = 60_000;

interface Preparation {
  readonly version: string;
  readonly before: Received;
  /** Bytes that this attempt reused from this host's disk. Those of earlier attempts are in `before`. */
  reusedBytes: number;
  /** What was logged of why nothing arrives; `null`: something does. */
  logged: LoggedObstacle | null;
  readonly progressTo: ActorRef<FetchProgress>;
  readonly replyTo: ReplyTo<PrepareOutcome>;
}

interface State {
  /** Whether the releases on disk are being seeded. A preparation before that might seed the same release twice. */
  isReady: boolean;
  /** A request that came before that. */
  early: Extract<FetcherMessage, { type: "prepare" }> | null;
  preparation: Preparation | null;
  /** Resolves when no releases are being removed. What is on the disk until then may be gone a moment later. */
  removal: Promise<unknown>;
  readonly transfers: Map<string, Transfer>;
}

/** What the fetcher works with. */
export interface FetcherOptions {
  readonly store: Releases;
  readonly engine: TorrentEngine;
  /** Default: this machine's. */
  readonly disk?: FetcherDisk;
}

const PREPARE_KEY = "prepare";

const GIVEN_UP = "given up: another release is wanted";

/** Makes the fetcher actor of one service. */
export function fetcherActor(
  { store, engine, disk = thisDisk }: FetcherOptions,
): ActorDefinition<State, FetcherMessage> {
  return {
    name: "fetcher",
    init(context) {
      context.pipeToSelf(() => seedStored({ store, engine, disk }), {
        ok: (transfers) => ({ type: "seeding", transfers }),
        error: (error) => {
          context.log.warn("seed what is on disk: {error}", { error });
          return { type: "seeding", transfers: new Map() };
        },
      });
      return {
        isReady: false,
        early: null,
        preparation: null,
        removal: Promise.resolve(),
        transfers: new Map(),
      };
    },
    receive(state, message, context) {
      switch (message.type) {
        case "prepare":
          if (!state.isReady) {
            state.early?.replyTo.tell({ ok: false, reason: GIVEN_UP });
            state.early = message;
            return state;
          }
          return prepare(state, message, { store, engine, disk, context });
        case "cancel":
          giveUp(state, context);
          return state;
        case "transfers":
          message.replyTo.tell(transferDetails(state.transfers));
          return state;
        case "transfer":
          replaceTransfer(state, message);
          return state;
        case "reused":
          if (state.preparation?.version === message.version) {
            state.preparation.reusedBytes = message.reusedBytes;
          }
          return state;
        case "phase": {
          const { preparation } = state;
          if (preparation?.version !== message.version) return state;
          const { version, phase, progress } = message;
          const received = receivedSoFar(state, preparation);
          const now = state.transfers.get(version)?.progress();
          const pause = describePause(now);
          const obstacle = phase === "fetching" ? now?.obstacle ?? null : null;
          logObstacle(preparation, obstacle, { store, context });
          preparation.progressTo.tell({
            type: "fetch_progress",
            version,
            phase,
            progress,
            received,
            ...(pause === null ? {} : { pause }),
            ...(obstacle === null ? {} : { obstacle }),
          });
          return state;
        }
        case "prepared": {
          const { preparation } = state;
          if (preparation?.version !== message.version) return state;
          const received = receivedSoFar(state, preparation);
          disk.writeReceived(store, received);
          state.preparation = null;
          if (message.error !== null) stopTransfer(state, message.version, context);
          preparation.replyTo.tell(
            message.error === null
              ? { ok: true, received }
              : { ok: false, reason: reasonOf(message.error) },
          );
          return state;
        }
        case "seeding":
          for (const [version, transfer] of message.transfers) {
            replaceTransfer(state, { version, transfer });
          }
          state.isReady = true;
          return state.early === null
            ? state
            : prepare(state, state.early, { store, engine, disk, context });
        case "keep": {
          const versions = [
            ...message.versions,
            ...(state.preparation === null ? [] : [state.preparation.version]),
          ];
          const removal = state.removal.then(() =>
            removeOld(store, { versions, others: message.others })
          );
          state.removal = removal.catch(() => {});
          context.pipeToSelf(() => removal, {
            ok: (removed) => ({ type: "removed", versions: removed }),
            error: (error) => ({ type: "failed", what: "remove old releases", error }),
          });
          return state;
        }
        case "removed":
          for (const version of message.versions) {
            stopTransfer(state, version, context);
            state.transfers.delete(version);
          }
          return state;
        case "failed":
          context.log.warn("{what}: {error}", { what: message.what, error: message.error });
          return state;
      }
    },
    async onStop(state) {
      await Promise.allSettled([...state.transfers.values()].map((transfer) => transfer.stop()));
    },
    summarize: ({ preparation, transfers }) => ({
      preparing: preparation?.version,
      transfers: transferDetails(transfers).map(({ version, verifiedBytes, totalBytes, peers }) => {
        const share = totalBytes === 0 ? 1 : verifiedBytes / totalBytes;
        return `${version} ${Math.floor(share * 100)}% ${peers} peers`;
      }),
    }),
  };
}

const ignoreOutcome = {
  ok: (): FetcherMessage => ({ type: "removed", versions: [] }),
  error: (error: unknown): FetcherMessage => ({ type: "failed", what: "stop seeding", error }),
};

interface Deps extends Required<FetcherOptions> {
  readonly context: ActorContext<FetcherMessage>;
}

function prepare(
  state: State,
  message: Extract<FetcherMessage, { type: "prepare" }>,
  deps: Deps,
): State {
  const { release, isPinned, isRunning, progressTo, replyTo } = message;
  const { store, engine, disk, context } = deps;
  state.early = null;
  giveUp(state, context);
  const { version } = release;
  let before: Received;
  try {
    before = disk.readReceived(store, version);
  } catch (error) {
    // The version came from the tree, and may be anything: one that names no release cannot be prepared.
    replyTo.tell({ ok: false, reason: reasonOf(error) });
    return state;
  }
  state.preparation = { version, before, reusedBytes: 0, logged: null, progressTo, replyTo };
  const standing = state.transfers.get(version);
  const { removal } = state;
  context.pipeToSelf(
    async (signal) => {
      await removal;
      signal.throwIfAborted();
      // The engine has one transfer per release, and an attempt that failed may have left one.
      await standing?.stop();
      await prepareRelease(release, {
        store,
        engine,
        disk,
        signal,
        clock: context.clock,
        log: context.log,
        pages: isPinned ? "keep" : "drop",
        isRunning,
        onReused: (reusedBytes) => context.self.tell({ type: "reused", version, reusedBytes }),
        onPhase: (phase, progress) =>
          context.self.tell({ type: "phase", version, phase, progress }),
        onTransfer: (transfer) => context.self.tell({ type: "transfer", version, transfer }),
      });
    },
    {
      ok: () => ({ type: "prepared", version, error: null }),
      error: (error) => ({ type: "prepared", version, error: error ?? new Error("unknown") }),
    },
    { key: PREPARE_KEY },
  );
  return state;
}

/** Logs why nothing arrives: once, again when the reason has changed and a minute has passed, and when something arrives. */
function logObstacle(
  preparation: Preparation,
  obstacle: string | null,
  { store: { layout: { service } }, context }: Pick<Deps, "store" | "context">,
): void {
  const { version, logged } = preparation;
  const atMs = context.clock.nowMs();
  if (obstacle === null) {
    if (logged !== null) {
      context.log.info("{service} {version}: it arrives again", { service, version });
    }
    preparation.logged = null;
    return;
  }
  const isOld = logged !== null &&
    (logged.obstacle === obstacle || atMs - logged.atMs < OBSTACLE_GAP_MS);
  if (isOld) return;
  preparation.logged = { obstacle, atMs };
  context.log.warn("{service} {version}: nothing arrives: {obstacle}", {
    service,
    version,
    obstacle,
  });
}

/** Stops a transfer whose preparation has failed: the next attempt makes its own, and there may be none. */
function stopTransfer(
  state: State,
  version: string,
  context: ActorContext<FetcherMessage>,
): void {
  const transfer = state.transfers.get(version);
  if (transfer !== undefined) context.pipeToSelf(() => transfer.stop(), ignoreOutcome);
}

function giveUp(state: State, context: ActorContext<FetcherMessage>): void {
  const { preparation } = state;
  state.early?.replyTo.tell({ ok: false, reason: GIVEN_UP });
  state.early = null;
  if (preparation === null) return;
  context.cancelTask(PREPARE_KEY);
  state.preparation = null;
  preparation.replyTo.tell({ ok: false, reason: GIVEN_UP });
}

function replaceTransfer(state: State, entry: { version: string; transfer: Transfer }): void {
  const standing = state.transfers.get(entry.version);
  if (standing !== undefined && standing !== entry.transfer) void standing.stop().catch(() => {});
  state.transfers.set(entry.version, entry.transfer);
}

function receivedSoFar(state: State, { version, before, reusedBytes }: Preparation): Received {
  const now = state.transfers.get(version)?.progress().received;
  return {
    version,
    rackBytes: before.rackBytes + (now?.rackBytes ?? 0),
    siteBytes: before.siteBytes + (now?.siteBytes ?? 0),
    remoteBytes: before.remoteBytes + (now?.remoteBytes ?? 0),
    reusedBytes: Math.max(before.reusedBytes ?? 0, reusedBytes),
  };
}

/** @returns The versions that are gone. */
async function removeOld(
  store: Releases,
  keep: { versions: readonly string[]; others: number },
): Promise<readonly string[]> {
  const complete = (await store.list()).filter(({ state }) => state === "complete").map((
    { version },
  ) => version);
  const newestFirst = complete
    .filter((version) => !keep.versions.includes(version))
    .map((version) => ({ version, verifiedMs: store.readReceipt(version)?.verifiedAt ?? 0 }))
    .sort((a, b) => b.verifiedMs - a.verifiedMs);
  const others = newestFirst.slice(0, keep.others).map(({ version }) => version);
  return await store.cleanUp({ keep: [...keep.versions, ...others] });
}

/** Seeds every release that is complete and unchanged on disk. */
async function seedStored(
  { store, engine, disk }: Required<FetcherOptions>,
): Promise<Map<string, Transfer>> {
  const transfers = new Map<string, Transfer>();
  for (const { version, state } of await store.list()) {
    if (state !== "complete" || !(await store.isIntact(version)).intact) continue;
    const metainfo = await disk.readTorrent(store.paths(version).torrent);
    if (metainfo !== null) {
      transfers.set(version, engine.seed({ metainfo, root: store.paths(version).final }));
    }
  }
  return transfers;
}
