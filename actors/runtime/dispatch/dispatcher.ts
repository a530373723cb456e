/**
 * Decides which actor runs next, and when timers and sockets of the process get their turn. The room
 * `dispatch/` is what actors run on: the dispatcher, the mailboxes and their queues, the deadlines of
 * asks, and the lists of those who observe an end. Cells put themselves into the dispatcher's queue
 * when they have work; it runs them in turns. It knows nothing of messages.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { EMPTY, RingQueue } from "./ring_queue.ts";

/** What the dispatcher runs. */
export interface Runnable {
  /** Whether it is in the dispatcher's queue. Only the dispatcher changes this. */
  queued: boolean;
  /** Whether it has something to do. */
  readonly hasWork: boolean;
  /** Whether its messages take long: then it handles one message per turn. */
  readonly isSlow: boolean;
  /** Handles up to `limit` messages and returns how many it has handled. */
  run(limit: number): number;
  /** Told how long a run took. Only some runs are measured. */
  onMeasured(tookMs: number, handled: number): void;
}

/** Which of the actors that are ready runs next. For tests. Default: the one that waited longest. */
export interface RunOrder {
  /** Returns an index below `count`, the number of actors that are ready, which is at least 1. */
  pick(count: number): number;
}

/*
 * How messages are dispatched, and why. (Measured; see docs/decisions/010-dispatch.md.)
 *
 * A run starts in a microtask: an actor answers within the turn of the event loop in which it was
 * asked, at a cost of some ten nanoseconds instead of the microsecond of a macrotask. But microtasks
 * run before any timer or socket, so two actors that keep each other busy (or a caller that awaits
 * one ask after another) would freeze the process. Therefore the dispatcher measures how long this
 * turn of the event loop has lasted, and after BUSY_MS_PER_LOOP the other actors wait for the next.
 *
 * One turn is not enough: while a turn is pending at all, Deno polls its sockets only in every 61st
 * turn. So the dispatcher lets TURNS_PER_YIELD of them pass, which takes some 50 µs.
 *
 * Actors run round robin: each handles up to MESSAGES_PER_TURN messages before the next one. Reading
 * the clock costs as much as handling several messages. In each turn of the loop it is read around the
 * first run of an actor, and then after 2 messages, 4 and so on up to MESSAGES_PER_MEASUREMENT, each
 * time around one run, so that the readings also show which actors are slow. While slow actors run, it
 * is read at each message.
 */

/** Messages in a row. Few enough to be fair, enough to keep an actor's code and state in the cache. */
const MESSAGES_PER_TURN = 32;
/** How late busy actors may make a timer or socket, on top of one run of one actor, in milliseconds. */
const BUSY_MS_PER_LOOP = 0.5;
/** The same bound for clocks that stand still: what a fast actor handles in BUSY_MS_PER_LOOP. */
const MESSAGES_PER_LOOP = 65_536;
/** Turns to let pass. More than tokio's 61 (`event_interval`), with some to spare in case that grows. */
const TURNS_PER_YIELD = 64;
/**
 * Most messages between two readings of the clock. The readings then cost some hundredths of the work
 * between them, and an actor that becomes slow holds up the others for no more than these messages.
 */
const MESSAGES_PER_MEASUREMENT = 64;

/** Runs actors that have work, fairly among themselves and towards the event loop. */
export class Dispatcher {
  readonly #clock: Clock;
  readonly #order: RunOrder | undefined;
  readonly #afterTurn: () => void;
  readonly #ready = new RingQueue<Runnable>();
  /** Whether a drain is running or scheduled. */
  #armed = false;
  /** Whether the end of this turn of the event loop will be noticed. */
  #inTurn = false;
  #turnBeganMs = 0;
  #handledInTurn = 0;
  /** Messages handled since the clock was read, and after how many it is read again. */
  #unmeasured = 0;
  #measureAfter = 1;
  /** Whether the next run is measured, and when that began. */
  #measuresNext = false;
  #measuringSinceMs = 0;
  #turnsToPass = 0;

  /** `afterTurn` is called after each turn of the event loop in which actors ran. */
  constructor(clock: Clock, afterTurn: () => void, order?: RunOrder) {
    this.#clock = clock;
    this.#afterTurn = afterTurn;
    this.#order = order;
  }

  /** When actors began to run in this turn of the event loop: a time that costs nothing to read. */
  get turnBeganMs(): number {
    return this.#turnBeganMs;
  }

  /** Puts an actor into the queue, unless it is there. It never runs before this returns. */
  schedule(runnable: Runnable): void {
    if (runnable.queued) return;
    runnable.queued = true;
    this.#ready.push(runnable);
    if (this.#armed) return;
    this.#armed = true;
    queueMicrotask(this.#drain);
  }

  /** Makes sure that `afterTurn` is called after this turn of the event loop. */
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
      // A run without a message takes time as well.
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
