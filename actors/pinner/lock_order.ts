/**
 * In which order the releases of a host are locked: those that run first, and at once. What is prepared waits while there is no
 * room for it beside what is being locked before it. So nothing that is prepared takes the memory which a running service had,
 * and has to get back, after a power cut or when its keeper was killed; and no two keepers count on the same memory, of which
 * both would give up halfway. Where there is room for all nobody waits, or a large release would hold up what another service
 * prepares until that counts as late.
 *
 * The pinners of one agent share one.
 *
 * @module
 */

/** A release that is being locked, or waits for its turn. */
export interface ReleaseLock {
  /** Resolves when its keeper may be started; `null`: it may be at once. Rejects with the signal's reason. */
  readonly turn: ((signal: AbortSignal) => Promise<void>) | null;
  /** Notes how much of it is locked. */
  progress(lockedBytes: number): void;
  /** It is locked, or will not be. Has to be called once, whatever happens. */
  end(): void;
}

/** A release that is to be locked. */
export interface LockRequest {
  /** Whether the service runs from it. */
  readonly isRunning: boolean;
  readonly sizeBytes: number;
  /** Whether there is memory for it beside so much that others are about to take. */
  readonly hasRoom: (owedBytes: number) => boolean;
}

interface Entry {
  readonly request: LockRequest;
  leftBytes: number;
  /** Called when it is its turn; `null`: it has had it. */
  grant: (() => void) | null;
}

/** The releases of a host that are being locked or wait for that: a few for each service. */
export class LockOrder {
  /** In the order in which they came. */
  readonly #entries = new Set<Entry>();

  /** What those will take that are being locked just now, or will be next, in bytes. */
  get owedBytes(): number {
    return leftBytesOf([...this.#entries]);
  }

  /** A release is to be locked. */
  add(request: LockRequest): ReleaseLock {
    const { isRunning, sizeBytes, hasRoom } = request;
    const isFirst = this.#entries.size === 0;
    const waits = !isRunning && !isFirst && !hasRoom(this.owedBytes);
    const turned = Promise.withResolvers<void>();
    const entry: Entry = { request, leftBytes: sizeBytes, grant: waits ? turned.resolve : null };
    this.#entries.add(entry);
    return {
      turn: waits ? (signal) => this.#turn(turned.promise, signal) : null,
      progress(lockedBytes) {
        entry.leftBytes = Math.max(0, sizeBytes - lockedBytes);
      },
      end: () => {
        this.#entries.delete(entry);
        this.#grantNext();
      },
    };
  }

  async #turn(granted: Promise<void>, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const onAbort = () => aborted.reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await Promise.race([granted, aborted.promise]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Lets the first one go on that waits, and those behind it, as far as there is room. The first of all needs no room to be told why. */
  #grantNext(): void {
    for (const entry of this.#entries) {
      if (entry.grant === null) continue;
      const before = [...this.#entries].filter(({ grant }) => grant === null);
      if (before.length > 0 && !entry.request.hasRoom(leftBytesOf(before))) return;
      entry.grant();
      entry.grant = null;
    }
  }
}

function leftBytesOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { leftBytes }) => sum + leftBytes, 0);
}
