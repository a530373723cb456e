/**
 * The time of one simulated run, and the clocks of its processes. Nothing here waits for real time: when all that could
 * happen at one moment has happened, the time jumps to the next moment at which something is due.
 *
 * @module
 */

import process from "node:process";
import type { Clock } from "../../../actors/runtime/mod.ts";

/** The time of processes, and what is due in it. */
export interface Time {
  /** Milliseconds since some fixed point. */
  readonly nowMs: number;
  /** Calls back after that time, unless its owner is dead by then. The returned function cancels it. */
  after(delayMs: number, callback: () => void, owner?: ProcessClock | null): () => void;
  /** Calls back in the next turn, when all promises that were resolved have had theirs. */
  nextTurn(callback: () => void): void;
}

/** Something that is due. */
interface Due {
  readonly atMs: number;
  /** Things that are due at the same moment happen in the order in which they were asked for. */
  readonly order: number;
  /** Null once it was cancelled, or has been called. */
  callback: (() => void) | null;
  /** Whose it is: what a dead process had asked for does not happen. */
  readonly owner: ProcessClock | null;
}

/** So many cancelled things may wait until they would be due, however few others there are. */
const CANCELLED_MAX = 64;

/** Most turns of the event loop at one moment: processes that are still busy then keep each other busy for ever. */
const TURNS_AT_ONE_MOMENT_MAX = 20_000;

const RESTLESS = "simulate: the processes do not come to rest; two of them keep each other busy";

/**
 * The grain of time: a power of two, so that sums and differences of times are exact. Otherwise whoever waits until a time
 * could be called just before it, for ever.
 */
const GRAINS_PER_MS = 1024;

/** The time of one run. */
export class VirtualTime implements Time {
  #nowMs = 0;
  #orders = 0;
  /** A heap; the next one is first. */
  #due: Due[] = [];
  /** How many of them were cancelled. */
  #cancelled = 0;
  #turns: (() => void)[] = [];
  #events = 0;

  /** Milliseconds since the run began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** How many things have happened, for figures. */
  get events(): number {
    return this.#events;
  }

  /** Calls back after that time. The returned function cancels it. */
  after(delayMs: number, callback: () => void, owner: ProcessClock | null = null): () => void {
    const due: Due = {
      atMs: this.#nowMs + Math.ceil(Math.max(0, delayMs) * GRAINS_PER_MS) / GRAINS_PER_MS,
      order: this.#orders++,
      callback,
      owner,
    };
    this.#push(due);
    return () => this.#cancel(due);
  }

  /** Most deadlines are cancelled long before they are due: they go before they are most of what is there. */
  #cancel(due: Due): void {
    if (due.callback === null) return;
    due.callback = null;
    this.#cancelled++;
    if (this.#cancelled < CANCELLED_MAX || this.#cancelled * 2 < this.#due.length) return;
    this.#cancelled = 0;
    // What is sorted is a heap.
    this.#due = this.#due.filter(({ callback }) => callback !== null)
      .sort((one, other) => isBefore(one, other) ? -1 : 1);
  }

  /** Calls back in the next turn, when all promises that were resolved have had theirs. */
  nextTurn(callback: () => void): void {
    this.#turns.push(callback);
  }

  /** Waits for that time. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /**
   * Lets time pass until `isOver` says so; false if it has not by then. `onMoment` is called after each thing that has
   * happened, when everybody has come to rest.
   */
  async run(
    { isOver, untilMs, onMoment }: {
      readonly isOver: () => boolean;
      readonly untilMs: number;
      readonly onMoment: () => void;
    },
  ): Promise<boolean> {
    // Below, the event loop of the real process never gets its turn.
    await new Promise(setImmediate);
    return await new Promise<boolean>((resolve, reject) => {
      let turns = 0;
      const goOn = () => {
        if (this.#turns.length > 0) {
          if (++turns === TURNS_AT_ONE_MOMENT_MAX) throw new Error(RESTLESS);
          const callbacks = this.#turns;
          this.#turns = [];
          for (const callback of callbacks) callback();
          return true;
        }
        turns = 0;
        onMoment();
        if (isOver()) return resolve(true);
        const next = this.#next(untilMs);
        if (next === undefined) {
          this.#nowMs = Math.max(this.#nowMs, untilMs);
          return resolve(false);
        }
        this.#events++;
        next();
        return true;
      };
      const tick = () => {
        try {
          if (goOn() === true) queueMicrotask(rest);
        } catch (error) {
          reject(error);
        }
      };
      // What is asked for in a microtask comes when no promise is left that was resolved. To wait for it in this way costs a
      // tenth of a turn of the event loop.
      const rest = () => process.nextTick(tick);
      queueMicrotask(rest);
    });
  }

  /** Goes on to the next thing that is due by then, and takes it. */
  #next(untilMs: number): (() => void) | undefined {
    for (let first = this.#due[0]; first !== undefined; first = this.#due[0]) {
      const { callback, owner, atMs } = first;
      const isVoid = callback === null || owner?.isDead === true;
      if (!isVoid && atMs > untilMs) return undefined;
      this.#pop();
      if (callback === null) this.#cancelled--;
      first.callback = null;
      if (isVoid) continue;
      this.#nowMs = Math.max(this.#nowMs, atMs);
      return callback;
    }
    return undefined;
  }

  #push(due: Due): void {
    const heap = this.#due;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above] as Due;
      if (isBefore(parent, due)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = due;
  }

  #pop(): void {
    const heap = this.#due;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1] as Due, heap[below] as Due)) below++;
      const child = heap[below] as Due;
      if (!isBefore(child, last)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
  }
}

function isBefore(one: Due, other: Due): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}

/**
 * The clock of one simulated process, through which everything reaches it: its timers, its turns, and the outcomes of
 * what it has asked for. A process that is dead gets nothing of that any more, and so does nothing; one that stands still
 * gets all of it late. Its wall clock may be wrong and may jump.
 */
export class ProcessClock implements Clock {
  readonly #time: Time;
  readonly #wall: { readonly offsetMs: number };
  #isDead = false;
  #hasStoodStill = false;
  /** What has come while it stands still; null while it runs. */
  #late: (() => void)[] | null = null;

  /** `wall` is the machine's: what is added to the run's time to get the time of day. */
  constructor(time: Time, wall: { readonly offsetMs: number }) {
    this.#time = time;
    this.#wall = wall;
  }

  /** Whether the process has ended. */
  get isDead(): boolean {
    return this.#isDead;
  }

  nowMs(): number {
    return this.#time.nowMs;
  }

  wallTimeMs(): number {
    return Math.floor(this.#wall.offsetMs + this.#time.nowMs);
  }

  after(delayMs: number, callback: () => void): () => void {
    let isCancelled = false;
    const cancel = this.#time.after(
      delayMs,
      () => this.run(() => isCancelled || callback()),
      this,
    );
    return () => {
      isCancelled = true;
      cancel();
    };
  }

  nextTurn(callback: () => void): void {
    this.#time.nextTurn(() => this.run(callback));
  }

  /** Lets something reach the process: at once, later if it stands still, never if it is dead. */
  run(callback: () => void): void {
    if (this.#isDead) return;
    if (this.#late !== null) this.#late.push(callback);
    else callback();
  }

  /** Ends the process at once. */
  kill(): void {
    this.#isDead = true;
    this.#late = null;
  }

  /** Whether the process stands still. */
  get isPaused(): boolean {
    return this.#late !== null;
  }

  /** Whether it stands still, or did at some time. */
  get hasStoodStill(): boolean {
    return this.#hasStoodStill;
  }

  /** Stops the process (SIGSTOP), until {@link resume}. */
  pause(): void {
    this.#hasStoodStill = true;
    this.#late ??= [];
  }

  /** Lets the process go on; what has come meanwhile reaches it now. */
  resume(): void {
    const late = this.#late ?? [];
    this.#late = null;
    for (const callback of late) this.run(callback);
  }

  /** A promise that is resolved with what `work` gives, once that reaches the process; never if it is dead by then. */
  deliver<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      work.then(
        (value) => this.run(() => resolve(value)),
        (error) => this.run(() => reject(error)),
      );
    });
  }
}
