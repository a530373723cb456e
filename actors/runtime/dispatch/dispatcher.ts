/**
 * Decides which actor runs next and when the others in the process, timers and sockets, get their
 * turn. It knows nothing of messages.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { EMPTY, RingQueue } from "./ring_queue.ts";

/** What the dispatcher runs. */
export interface Runnable {
  /** Whether it is in the queue; the dispatcher's own mark. */
  queued: boolean;
  /** Whether it has something to do. */
  readonly hasWork: boolean;
  /** Whether it was seen to take long: then it handles one message per turn. */
  readonly isSlow: boolean;
  /** Handles up to `limit` messages and returns how many it did. */
  run(limit: number): number;
  /** Learns how long a run took, now and then: not each one is measured. */
  onMeasured(tookMs: number, handled: number): void;
}

/** Which of those that are ready runs next. For tests; without it they go round. */
export interface RunOrder {
  /** The place, from 0, among `count` that are ready, of which there is at least one. */
  pick(count: number): number;
}

/*
 * How messages are dispatched, and why. (Measured; see docs/decisions/010-dispatch.md.)
 *
 * A run starts in a microtask: an actor answers within the turn of the event loop in which it was
 * asked, at a cost of some ten nanoseconds instead of the microsecond of a macrotask. But microtasks
 * run before any timer or socket, so two actors that keep each other busy (or a caller that awaits
 * one ask after another) would freeze the process. Therefore the dispatcher looks how long the event
 * loop has not gone round, and after BUSY_MS_PER_LOOP the rest waits until it has.
 *
 * Going round once is not enough: while a turn is pending at all, Deno looks at its sockets only at
 * every 61st turn. So the dispatcher lets TURNS_PER_YIELD of them pass, which takes some 50 µs.
 *
 * Among the actors it goes round: each has up to MESSAGES_PER_TURN messages before the next one.
 * Reading the clock costs as much as handling several messages. In each turn of the loop it is read
 * around the first run of an actor, and then again after 2 messages, 4 and so on up to
 * MESSAGES_PER_MEASUREMENT, each time around a run, so that it also shows who is slow. When those
 * run it is read at each message.
 */

/** Few enough to be fair, enough for an actor's code and state to stay in the CPU's cache. */
const MESSAGES_PER_TURN = 32;
/** What a timer or socket may be late for busy actors, on top of one turn of one actor. */
const BUSY_MS_PER_LOOP = 0.5;
/** For clocks that stand still: what a fast actor handles in BUSY_MS_PER_LOOP. */
const MESSAGES_PER_LOOP = 65_536;
/** One more than tokio's 61 (`event_interval`), and then some in case that grows. */
const TURNS_PER_YIELD = 64;
/**
 * Two readings of the clock are then some hundredths of the work between them; and an actor that is
 * slow for the first time holds up the others for no more than so many messages.
 */
const MESSAGES_PER_MEASUREMENT = 64;

/** Runs actors that have work, fairly among themselves and towards the event loop. */
export class Dispatcher {
  readonly #clock: Clock;
  readonly #order: RunOrder | undefined;
  readonly #afterTurn: () => void;
  readonly #ready = new RingQueue<Runnable>();
  /** Whether a drain is under way or on the way. */
  #armed = false;
  /** Whether the end of this turn of the event loop will be noticed. */
  #inTurn = false;
  #turnBeganMs = 0;
  #handledInTurn = 0;
  /** Messages since the clock was last read, and how many there are to be. */
  #unmeasured = 0;
  #measureAfter = 1;
  /** Whether the next run is measured by itself, and when it began. */
  #measuresNext = false;
  #measuringSinceMs = 0;
  #turnsToPass = 0;

  /** `afterTurn` is called when the loop has gone round after each turn in which actors ran. */
  constructor(clock: Clock, afterTurn: () => void, order?: RunOrder) {
    this.#clock = clock;
    this.#afterTurn = afterTurn;
    this.#order = order;
  }

  /** When actors began to run in this turn of the event loop: a time that costs nothing to read. */
  get turnBeganMs(): number {
    return this.#turnBeganMs;
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

  /** Notices the end of this turn. Called by whatever needs `afterTurn`. */
  noticeTurn(): void {
    if (this.#inTurn) return;
    this.#inTurn = true;
    this.#turnBeganMs = this.#clock.nowMs();
    this.#handledInTurn = 0;
    this.#unmeasured = 0;
    this.#measureAfter = 1;
    this.#measuresNext = true;
    this.#clock.nextTurn(this.#endTurn);
  }

  readonly #endTurn = (): void => {
    this.#inTurn = false;
    this.#afterTurn();
  };

  readonly #drain = (): void => {
    if (!this.#inTurn) {
      this.noticeTurn();
      this.#measuringSinceMs = this.#turnBeganMs;
    } else if (this.#measuresNext) {
      this.#measuringSinceMs = this.#clock.nowMs();
    }
    for (;;) {
      const runnable = this.#order === undefined
        ? this.#ready.shift()
        : this.#ready.takeAt(this.#order.pick(this.#ready.size));
      if (runnable === EMPTY) {
        this.#armed = false;
        return;
      }
      runnable.queued = false;
      const oneByOne = runnable.isSlow || this.#order !== undefined;
      const handled = runnable.run(oneByOne ? 1 : MESSAGES_PER_TURN);
      if (runnable.hasWork && !runnable.queued) {
        runnable.queued = true;
        this.#ready.push(runnable);
      }
      // A run in which there was nothing to do takes time as well.
      this.#unmeasured += Math.max(1, handled);
      if (!this.#measuresNext && this.#unmeasured < this.#measureAfter && !oneByOne) continue;
      if (this.#isTurnOver(runnable, handled)) {
        this.#turnsToPass = TURNS_PER_YIELD;
        this.#clock.nextTurn(this.#passTurn);
        return;
      }
    }
  };

  /** Reads the clock after a run, and has the next one measured if this one was not. */
  #isTurnOver(runnable: Runnable, handled: number): boolean {
    const nowMs = this.#clock.nowMs();
    if (this.#measuresNext) {
      if (handled > 0) runnable.onMeasured(nowMs - this.#measuringSinceMs, handled);
      this.#measureAfter = Math.min(this.#measureAfter * 2, MESSAGES_PER_MEASUREMENT);
    }
    this.#measuresNext = !this.#measuresNext;
    this.#measuringSinceMs = nowMs;
    this.#handledInTurn += this.#unmeasured;
    this.#unmeasured = 0;
    return nowMs - this.#turnBeganMs >= BUSY_MS_PER_LOOP ||
      this.#handledInTurn >= MESSAGES_PER_LOOP;
  }

  readonly #passTurn = (): void => {
    if (--this.#turnsToPass > 0) this.#clock.nextTurn(this.#passTurn);
    else this.#drain();
  };
}
