/** Whether a connection still lives, seen once a second: silence, and a peer that does not read. Pure. */

/** BEP 3 asks for a word every two minutes; twice as often, one may be lost. */
const KEEP_ALIVE_TICKS = 60;
/** Two and a half of the usual two minutes. */
const SILENT_TICKS = 300;
/** A peer that does not take a byte for so long, although some wait for it, is gone. */
const UNREAD_TICKS = 30;

/** What is seen of a connection. */
export interface ConnectionState {
  /** All that was read so far. */
  readonly readBytes: number;
  /** All that was written so far. */
  readonly writtenBytes: number;
  /** Whether a write is under way. */
  readonly isWriting: boolean;
}

/** What to do about it. */
export type Verdict = "fine" | "keep_alive" | { readonly close: string };

/** See the file's head. */
export class ConnectionTimeouts {
  #readBytes = 0;
  #readTick: number;
  #writtenBytes = 0;
  #writtenTick: number;
  /** When nothing was waiting to be read by the peer, or it last read something. */
  #takenTick: number;

  constructor(tick: number) {
    this.#readTick = tick;
    this.#writtenTick = tick;
    this.#takenTick = tick;
  }

  look({ readBytes, writtenBytes, isWriting }: ConnectionState, tick: number): Verdict {
    if (readBytes !== this.#readBytes) this.#readTick = tick;
    if (writtenBytes !== this.#writtenBytes) this.#writtenTick = this.#takenTick = tick;
    if (!isWriting) this.#takenTick = tick;
    this.#readBytes = readBytes;
    this.#writtenBytes = writtenBytes;
    const unreadTicks = tick - this.#takenTick;
    if (unreadTicks > UNREAD_TICKS) return { close: `it did not read for ${unreadTicks} s` };
    const silentTicks = tick - this.#readTick;
    if (silentTicks > SILENT_TICKS) return { close: `it said nothing for ${silentTicks} s` };
    return !isWriting && tick - this.#writtenTick >= KEEP_ALIVE_TICKS ? "keep_alive" : "fine";
  }
}
