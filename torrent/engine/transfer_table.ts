/** Keeps the transfers of an engine: one per release at a time, until the engine closes. */

import type { FetchOptions, SeedOptions, Transfer } from "./engine.ts";
import { TransferError } from "../errors.ts";
import { readRelease, type Release } from "../release/mod.ts";
import type { TransferStart } from "../content/mod.ts";

/** Makes a transfer, which has to call `onEnd` when it has left the swarm. */
export type MakeTransfer<T extends Transfer> = (
  release: Release,
  options: {
    readonly root: string;
    readonly start: TransferStart;
    readonly fallbackPeers: readonly string[];
    readonly onEnd: () => void;
  },
) => T;

/** The transfers of an engine by info hash. */
export class TransferTable<T extends Transfer> {
  readonly #make: MakeTransfer<T>;
  readonly #transfers = new Map<string, T>();
  #isClosed = false;

  constructor(make: MakeTransfer<T>) {
    this.#make = make;
  }

  /** The transfer of a release, if there is one. */
  get(infoHash: string): T | undefined {
    return this.#transfers.get(infoHash);
  }

  /** As {@linkcode TorrentEngine.fetch}. */
  fetch(options: FetchOptions): T {
    return this.#begin(options, {
      kind: "fetch",
      journalPath: options.journalPath ?? `${options.root}.resume`,
      resume: options.resume ?? "journal",
      checkFiles: options.checkFiles,
      pages: options.pages,
    });
  }

  /** As {@linkcode TorrentEngine.seed}. */
  seed(options: SeedOptions): T {
    return this.#begin(options, { kind: "seed" });
  }

  /** Accepts no more transfers, and stops all. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#transfers.values()].map((transfer) => transfer.stop()));
  }

  #begin(
    { metainfo, root, signal, fallbackPeers = [] }:
      & SeedOptions
      & Pick<FetchOptions, "fallbackPeers">,
    start: TransferStart,
  ): T {
    const release = readRelease(metainfo);
    const { infoHash } = release;
    if (this.#isClosed) {
      throw new TransferError("engine_failed", `${start.kind} ${infoHash}: the engine is closed`);
    }
    if (this.#transfers.has(infoHash)) {
      throw new TransferError(
        "duplicate",
        `${start.kind} ${infoHash}: it is under way already; stop that transfer first`,
      );
    }
    const stop = () => void transfer.stop();
    const transfer = this.#make(release, {
      root,
      start,
      fallbackPeers,
      onEnd: () => {
        this.#transfers.delete(infoHash);
        signal?.removeEventListener("abort", stop);
      },
    });
    this.#transfers.set(infoHash, transfer);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop);
    return transfer;
  }
}
