/**
 * The swarm engine: BitTorrent's peer protocol on the runtime's sockets, tuned for a data center. It has one listening
 * port and any number of releases; an incoming connection finds its release by the info hash in its handshake.
 */

import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { type Clock, sleep, systemClock } from "../../base/clock.ts";
import { addressKey, anyAddress, withoutMapping } from "../../base/ip_address.ts";
import { reasonOf } from "../../base/reason.ts";
import type {
  EngineOptions,
  FetchOptions,
  SeedOptions,
  TorrentEngine,
  Transfer,
} from "../engine/engine.ts";
import { TransferError } from "../errors.ts";
import { systemRandom } from "../../base/random.ts";
import { TransferTable } from "../engine/transfer_table.ts";
import { acceptHandshake } from "./wire/handshaker.ts";
import { RateLimits } from "./limits/rate_limits.ts";
import type { BandwidthLimits } from "./limits/rate_schedule.ts";
import { SendBufferPool } from "./peer/send_buffers.ts";
import { RepeatedWarnings } from "../engine/repeated_warnings.ts";
import { SwarmTransfer } from "./transfer.ts";

/**
 * Incoming connections whose handshake has not arrived yet; beyond that the oldest of the address with most of them is
 * closed. Hosts that run Rollcall send theirs within a round trip, so the ones that linger are strangers.
 */
const MAX_STRANGERS = 128;

/** How the swarm engine is set up. */
export interface SwarmEngineOptions extends EngineOptions {
  /** Limits on the bandwidth of all releases together. Default: none. */
  readonly limits?: BandwidthLimits;
}

/**
 * Opens the port. Rejects with a {@link TransferError} "engine_failed" if it is taken. With a full disk its transfers
 * pause, and go on when there is room.
 */
// deno-lint-ignore require-await -- other engines need time to open their port
export async function createSwarmEngine(options: SwarmEngineOptions): Promise<TorrentEngine> {
  const port = options.listenPort ?? 0;
  try {
    const listener = Deno.listen({ hostname: options.hostname ?? anyAddress(), port });
    return new SwarmEngine(listener, options);
  } catch (cause) {
    const detail = reasonOf(cause);
    throw new TransferError(
      "engine_failed",
      `start engine: cannot listen on port ${port}: ${detail}`,
      { cause },
    );
  }
}

class SwarmEngine implements TorrentEngine {
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #options: SwarmEngineOptions;
  readonly #clock: Clock;
  readonly #limits: RateLimits;
  readonly #buffers = new SendBufferPool();
  readonly #peerId = newPeerId();
  readonly #transfers: TransferTable<SwarmTransfer>;
  readonly #warnings: RepeatedWarnings;
  /** Incoming connections without a handshake yet, with their addresses; the oldest comes first. */
  readonly #strangers = new Map<Deno.TcpConn, string>();
  readonly #handshakes = new Set<Promise<void>>();
  readonly #accepting: Promise<void>;
  #closing: Promise<void> | undefined;

  constructor(listener: Deno.TcpListener, options: SwarmEngineOptions) {
    this.#listener = listener;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#warnings = new RepeatedWarnings(options.log, this.#clock);
    this.#limits = new RateLimits({
      clock: this.#clock,
      ...options.limits === undefined ? {} : { limits: options.limits },
    });
    const { port } = listener.addr;
    this.port = port;
    const { locality, log, preallocate, random = systemRandom } = options;
    this.#transfers = new TransferTable((release, { root, start, fallbackPeers, onEnd }) =>
      new SwarmTransfer(release, {
        context: {
          peerId: this.#peerId,
          port,
          locality,
          limits: this.#limits,
          buffers: this.#buffers,
          clock: this.#clock,
          random,
          log,
          warnings: this.#warnings,
          ...preallocate === undefined ? {} : { preallocate },
          fallbackPeers,
          onEnd,
        },
        root,
        start,
      })
    );
    this.#accepting = this.#accept();
  }

  fetch(options: FetchOptions): Transfer {
    return this.#transfers.fetch(options);
  }

  seed(options: SeedOptions): Transfer {
    return this.#transfers.seed(options);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #accept(): Promise<void> {
    while (this.#closing === undefined) {
      let connection: Deno.TcpConn;
      try {
        connection = await this.#listener.accept();
      } catch (error) {
        if (this.#closing !== undefined) return;
        // Too many files are open, or the peer had gone before it was accepted: later ones may succeed.
        this.#warnings.warn("accepting a peer failed: {error}", { error });
        await sleep(this.#clock, 100);
        continue;
      }
      const shaking = this.#shakeHands(connection).finally(() => this.#handshakes.delete(shaking));
      this.#handshakes.add(shaking);
    }
  }

  async #shakeHands(connection: Deno.TcpConn): Promise<void> {
    const address = addressKey(withoutMapping(connection.remoteAddr.hostname));
    this.#strangers.set(connection, address);
    if (this.#strangers.size > MAX_STRANGERS) this.#dismissOldest();
    const find = (infoHash: string) =>
      this.#transfers.get(infoHash)?.isOpen ? { infoHash, peerId: this.#peerId } : undefined;
    const established = await acceptHandshake(connection, find, this.#clock);
    const wasWaiting = this.#strangers.delete(connection);
    if (established === undefined) return;
    const transfer = this.#transfers.get(established.handshake.infoHash);
    if (!wasWaiting || transfer?.accept(established) !== true) this.#dismiss(connection);
  }

  /** Closes the oldest connection of the address that has most of them, so that a flood from one keeps no other out. */
  #dismissOldest(): void {
    const counts = new Map<string, number>();
    for (const address of this.#strangers.values()) {
      counts.set(address, (counts.get(address) ?? 0) + 1);
    }
    const most = Math.max(...counts.values());
    for (const [connection, address] of this.#strangers) {
      if (counts.get(address) !== most) continue;
      this.#warnings.warn("connections that say nothing are closed, now one with {address}", {
        address,
      });
      return this.#dismiss(connection);
    }
  }

  #dismiss(connection: Deno.TcpConn): void {
    this.#strangers.delete(connection);
    try {
      connection.close();
    } catch {
      // The connection is closed already.
    }
  }

  async #close(): Promise<void> {
    this.#listener.close();
    for (const stranger of [...this.#strangers.keys()]) this.#dismiss(stranger);
    await this.#transfers.close();
    await Promise.all(this.#handshakes);
    await this.#accepting;
  }
}

/** A peer id as BEP 20 has it: two letters and a version between dashes, then random bytes. */
function newPeerId(): string {
  return Buffer.concat([Buffer.from("-RC0100-"), randomBytes(12)]).toString("hex");
}
