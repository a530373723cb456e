/**
 * Tells when members time out and when they are to be forgotten, without looking at those that are not due: a timing wheel
 * with a slot per second. A member that announces stays in its slot unless it is due sooner; when the second of its slot
 * has come it is looked at, and moved to the slot in which it is due by then. So each member costs one look per two and a
 * half of its intervals.
 */

import { effectiveIntervalMs, type HandoutSettings } from "../handout/mod.ts";
import { type Member, NO_TIMEOUT } from "../members/mod.ts";

const TICK_MS = 1000;
/** Longer than the time-out of a seed; a member that is due later is looked at once more in between. */
const TICKS = 128;

/** What is done with members that are due. */
export interface MemberTimeoutHandlers {
  /** The member has missed its announces. */
  readonly onTimeout: (member: Member) => void;
  /** The member has not announced for so long that it is to be forgotten. */
  readonly onForget: (member: Member) => void;
}

/** The time-outs of one swarm's members. */
export class MemberTimeouts {
  readonly #settings: HandoutSettings;
  readonly #handlers: MemberTimeoutHandlers;
  readonly #wheel: readonly Member[][] = Array.from({ length: TICKS }, () => []);
  /** The current tick; all earlier ones are done with. */
  #tick: number;

  constructor(settings: HandoutSettings, nowMs: number, handlers: MemberTimeoutHandlers) {
    this.#settings = settings;
    this.#handlers = handlers;
    this.#tick = Math.floor(nowMs / TICK_MS);
  }

  /** Sets a member's time-out; to be called whenever it has announced and its next interval is known. */
  watch(member: Member): void {
    const tick = this.#tickOf(member);
    if (tick >= member.timeoutTick) return;
    this.unwatch(member);
    const due = this.#wheel[tick % TICKS];
    if (due === undefined) return;
    member.timeoutTick = tick;
    member.timeoutSlot = due.length;
    due.push(member);
  }

  /** Takes a member's time-out back. */
  unwatch(member: Member): void {
    if (member.timeoutTick === NO_TIMEOUT) return;
    const due = this.#wheel[member.timeoutTick % TICKS];
    const last = due?.pop();
    if (due !== undefined && last !== undefined && last !== member) {
      due[member.timeoutSlot] = last;
      last.timeoutSlot = member.timeoutSlot;
    }
    member.timeoutTick = NO_TIMEOUT;
  }

  /** Looks at the members that are due by now, at most at `looks` of them; the others are looked at next time. */
  advance(nowMs: number, looks: number): void {
    const now = Math.floor(nowMs / TICK_MS);
    // After a long pause one turn of the wheel is enough.
    this.#tick = Math.max(this.#tick, now - TICKS + 1);
    for (let left = looks; this.#tick <= now; this.#tick++) {
      const due = this.#wheel[this.#tick % TICKS];
      for (let member = due?.at(-1); member !== undefined; member = due?.at(-1)) {
        if (left-- <= 0) return;
        this.unwatch(member);
        this.#look(member, nowMs);
      }
    }
  }

  #look(member: Member, nowMs: number): void {
    const { onTimeout: onSilent, onForget: onForgotten } = this.#handlers;
    if (nowMs - member.lastSeenMs > this.#allowedMs(member)) {
      if (member.hasTimedOut) return onForgotten(member);
      onSilent(member);
    }
    this.watch(member);
  }

  #allowedMs(member: Member): number {
    const { timeoutIntervals: silentIntervals, forgetIntervals: forgottenIntervals } =
      this.#settings;
    return effectiveIntervalMs(member, this.#settings) *
      (member.hasTimedOut ? forgottenIntervals : silentIntervals);
  }

  /** The tick in which a member is due; never the current one, which would be looked at for ever. */
  #tickOf(member: Member): number {
    const tick = Math.ceil((member.lastSeenMs + this.#allowedMs(member)) / TICK_MS);
    return Math.min(Math.max(tick, this.#tick + 1), this.#tick + TICKS - 1);
  }
}
