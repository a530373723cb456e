/**
 * Tells when members fall silent and when they are to be forgotten, without looking at those that are
 * not due: a timing wheel of seconds. Who announces stays where it is, unless it is due sooner than it
 * was; whoever's second has come is looked at, and goes to the second that it is due in by then. So each
 * member costs one look per two and a half of its intervals.
 */

import { patienceMs } from "../handout/gateway_election.ts";
import { type Member, UNWATCHED } from "../members/members.ts";
import type { HandoutSettings } from "../handout/handout_settings.ts";

const TICK_MS = 1000;
/** Longer than a seed may be silent; who is due later is looked at once more in between. */
const TICKS = 128;

/** What is done with those whose time has come. */
export interface MemberTimeoutHandlers {
  readonly onSilent: (member: Member) => void;
  readonly onForgotten: (member: Member) => void;
}

/** See the file's head. */
export class MemberTimeouts {
  readonly #policy: HandoutSettings;
  readonly #handlers: MemberTimeoutHandlers;
  readonly #wheel: readonly Member[][] = Array.from({ length: TICKS }, () => []);
  /** All earlier ones are done with. */
  #tick: number;

  constructor(policy: HandoutSettings, nowMs: number, handlers: MemberTimeoutHandlers) {
    this.#policy = policy;
    this.#handlers = handlers;
    this.#tick = Math.floor(nowMs / TICK_MS);
  }

  /** To be called whenever it has announced, and knows when it is to announce next. */
  watch(member: Member): void {
    const tick = this.#tickOf(member);
    if (tick >= member.watchTick) return;
    this.unwatch(member);
    const due = this.#wheel[tick % TICKS];
    if (due === undefined) return;
    member.watchTick = tick;
    member.watchSlot = due.length;
    due.push(member);
  }

  /** Lets go of it. */
  unwatch(member: Member): void {
    if (member.watchTick === UNWATCHED) return;
    const due = this.#wheel[member.watchTick % TICKS];
    const last = due?.pop();
    if (due !== undefined && last !== undefined && last !== member) {
      due[member.watchSlot] = last;
      last.watchSlot = member.watchSlot;
    }
    member.watchTick = UNWATCHED;
  }

  /** Looks at `looks` members that are due by now, at most; the rest are looked at next time. */
  advance(nowMs: number, looks: number): void {
    const now = Math.floor(nowMs / TICK_MS);
    // After a long pause once around is enough.
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
    const { onSilent, onForgotten } = this.#handlers;
    if (nowMs - member.lastSeenMs > this.#allowedMs(member)) {
      if (member.isApart) return onForgotten(member);
      onSilent(member);
    }
    this.watch(member);
  }

  #allowedMs(member: Member): number {
    const { silentIntervals, forgottenIntervals } = this.#policy;
    return patienceMs(member, this.#policy) *
      (member.isApart ? forgottenIntervals : silentIntervals);
  }

  /** Never the one that is being done, which would be endless. */
  #tickOf(member: Member): number {
    const tick = Math.ceil((member.lastSeenMs + this.#allowedMs(member)) / TICK_MS);
    return Math.min(Math.max(tick, this.#tick + 1), this.#tick + TICKS - 1);
  }
}
