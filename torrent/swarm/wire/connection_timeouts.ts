/** Time-outs of a connection, checked once a second: a peer that is silent, and a peer that does not read. Pure. */

/** A keep-alive is sent after this many seconds without a message. BEP 3 expects one every two minutes; at twice that rate one may be lost. */
const KEEP_ALIVE_TICKS = 60;
/** A peer that has sent nothing for this many seconds is gone: two and a half times the usual two minutes. */
const SILENT_TICKS = 300;
/**
 * A peer that has read less than {@link UNREAD_BYTES} in this many seconds, although more waits for it, is gone, or means
 * to hold buffers for ever.
 */
const UNREAD_TICKS = 30;
/** Next to nothing: any client reads that within a second. */
const UNREAD_BYTES = 1024;

/** What of a connection the time-outs depend on. */
export interface ConnectionState {
  /** Bytes read so far. */
  readonly readBytes: number;
  /** Bytes written so far. */
  readonly writtenBytes: number;
  /** Whether a write is under way. */
  readonly isWriting: boolean;
}

/** What is to be done about a connection: nothing, send a keep-alive, or close it for that reason. */
export type TimeoutVerdict = "fine" | "keep_alive" | { readonly close: string };

/** Watches one connection. */
export class ConnectionTimeouts {
  #readBytes = 0;
  #readTick: number;
  #writtenBytes = 0;
  #writtenTick: number;
  /** The last tick at which nothing waited for the peer, or it had read a little more. */
  #takenTick: number;
  /** Bytes written until then. */
  #takenBytes = 0;

  /** @param tick The tick of the transfer at which the connection begins. */
  constructor(tick: number) {
    this.#readTick = tick;
    this.#writtenTick = tick;
    this.#takenTick = tick;
  }

  /** Decides what is to be done; called once a second with the connection's counters and the transfer's tick. */
  check({ readBytes, writtenBytes, isWriting }: ConnectionState, tick: number): TimeoutVerdict {
    if (readBytes !== this.#readBytes) this.#readTick = tick;
    if (writtenBytes !== this.#writtenBytes) this.#writtenTick = tick;
    if (!isWriting || writtenBytes - this.#takenBytes >= UNREAD_BYTES) {
      this.#takenTick = tick;
      this.#takenBytes = writtenBytes;
    }
    this.#readBytes = readBytes;
    this.#writtenBytes = writtenBytes;
    const unreadTicks = tick - this.#takenTick;
    if (unreadTicks > UNREAD_TICKS) return { close: `it did not read for ${unreadTicks} s` };
    const silentTicks = tick - this.#readTick;
    if (silentTicks > SILENT_TICKS) return { close: `it said nothing for ${silentTicks} s` };
    return !isWriting && tick - this.#writtenTick >= KEEP_ALIVE_TICKS ? "keep_alive" : "fine";
  }
}
