/**
 * Decides which actor runs next and when the others in the process, timers and sockets, get their
 * turn. It knows nothing of messages.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import { Fifo, nothing } from "./fifo.ts";

/** What the dispatcher runs. */
export interface Runnable {
  /** Whether it is in the queue; the dispatcher's own mark. */
  queued: boolean;
  /** Whether it has something to do. */
  readonly hasWork: boolean;
  /** Handles up to `limit` messages and returns how many it did. */
  run(limit: number): number;
}

/*
 * How messages are dispatched, and why.
 *
 * A run starts in a microtask: an actor answers within the turn of the event loop in which it was
 * asked, at a cost of some ten nanoseconds instead of the microsecond of a macrotask. But microtasks
 * run before any timer or socket, so two actors that keep each other busy (or a caller that awaits
 * one ask after another) would freeze the process. Therefore the dispatcher counts what it has done
 * since it last let the event loop go round, and when that reaches MESSAGES_PER_LOOP messages or
 * BUSY_MS_PER_LOOP milliseconds, the rest waits for a macrotask. The counts go on over the runs, since
 * many short ones in a row starve the loop just as well.
 *
 * Among the actors it goes round: each has up to MESSAGES_PER_TURN messages before the next one.
 */

/** Few enough to be fair, enough for an actor's code and state to stay in the CPU's cache. */
const MESSAGES_PER_TURN = 32;
/** At about a million messages a second: a millisecond. The hop costs a microsecond, 0.1 percent. */
const MESSAGES_PER_LOOP = 1024;
/** What a timer or socket may be late for actors that are slow, on top of one turn of one actor. */
const BUSY_MS_PER_LOOP = 4;

/** Runs actors that have work, fairly among themselves and towards the event loop. */
export class Dispatcher {
  readonly #clock: Clock;
  readonly #ready = new Fifo<Runnable>();
  #armed = false;
  #handledSinceLoop = 0;
  #busySinceLoopMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Puts it in the queue, unless it is there. It never runs before this returns. */
  schedule(runnable: Runnable): void {
    if (runnable.queued) return;
    runnable.queued = true;
    this.#ready.push(runnable);
    if (this.#armed) return;
    this.#armed = true;
    queueMicrotask(this.#drain);
  }

  readonly #drain = (): void => {
    let startMs = this.#clock.monotonicMs();
    for (;;) {
      const runnable = this.#ready.shift();
      if (runnable === nothing) {
        this.#armed = false;
        return;
      }
      runnable.queued = false;
      this.#handledSinceLoop += runnable.run(MESSAGES_PER_TURN);
      if (runnable.hasWork && !runnable.queued) {
        runnable.queued = true;
        this.#ready.push(runnable);
      }
      const nowMs = this.#clock.monotonicMs();
      this.#busySinceLoopMs += nowMs - startMs;
      startMs = nowMs;
      if (
        this.#handledSinceLoop >= MESSAGES_PER_LOOP || this.#busySinceLoopMs >= BUSY_MS_PER_LOOP
      ) {
        this.#clock.nextTurn(this.#drainAfterLoop);
        return;
      }
    }
  };

  readonly #drainAfterLoop = (): void => {
    this.#handledSinceLoop = 0;
    this.#busySinceLoopMs = 0;
    this.#drain();
  };
}
