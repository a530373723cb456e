/**
 * The caller's side of a connection: the credit of each reference into the other node, and the asks that
 * have no outcome yet.
 *
 * @module
 */

import type { StopReason, TellOutcome } from "../mod.ts";
import type { Channel, SendOutcome } from "./connection.ts";
import type { AskFailure, CheckedReply } from "./contract.ts";
import { RemoteError, violation } from "./errors.ts";
import { ASK_LIMIT_MS, type EndKind, type FailureCode, type Frame } from "./frames.ts";
import type { Lane, RemoteRef } from "./remote_ref.ts";

/**
 * How long an answer may take that no ask is waiting for, in milliseconds: when an actor has passed its
 * own reference as `replyTo`. A minute: an actor that needs the answer asks, with a timeout of its own.
 */
export const DEFAULT_ANSWER_MS = 60_000;

/** The references into another node that use one connection, and the asks under way. */
export class Outbound {
  readonly #channel: Channel;
  readonly #window: number;
  readonly #lanes = new Map<number, OpenLane>();
  /** At most one for each message under way, so the credit bounds it. */
  readonly #asks = new Map<number, CheckedReply<unknown>>();
  #nextRef = 0;
  #nextAsk = 0;

  /** `window` is the credit that the other side offers for each reference. */
  constructor(channel: Channel, window: number) {
    this.#channel = channel;
    this.#window = window;
  }

  /** Asks that have no outcome yet. */
  get pendingAsks(): number {
    return this.#asks.size;
  }

  /** Opens a reference's actor on the other node. Messages may follow at once. */
  open(ref: RemoteRef): void {
    const number = this.#nextRef++;
    const lane = new OpenLane(ref, this.#window, (message, replyTo) => {
      if (replyTo === undefined) {
        return this.#channel.sendMessage({ k: "tell", ref: number, message });
      }
      const ask = this.#nextAsk++;
      const timeoutMs = Math.min(replyTo.timeoutMs ?? DEFAULT_ANSWER_MS, ASK_LIMIT_MS);
      const frame = { k: "ask", ref: number, ask, timeoutMs, message } as const;
      const outcome = this.#channel.sendMessage(frame);
      if (outcome === "sent") this.#asks.set(ask, replyTo);
      return outcome;
    });
    this.#lanes.set(number, lane);
    this.#channel.send({ k: "open", ref: number, name: ref.contract.name });
    ref.lane = lane;
    ref.wasOpened = true;
  }

  /**
   * Handles a frame. Returns false if it is not one that a callee sends.
   *
   * @throws {RemoteError} `protocol_violation`.
   */
  take(frame: Frame): boolean {
    switch (frame.k) {
      case "answer":
        this.#settle(frame.ask).tell(frame.answer);
        return true;
      case "failed":
        this.#onFailed(this.#settle(frame.ask), frame.code, frame.why);
        return true;
      case "credit":
        // It may have crossed our release of a reference that has ended.
        if (!this.#lanes.has(frame.ref) && frame.ref < this.#nextRef) return true;
        this.#lane(frame.ref).add(frame.count, this.#window);
        return true;
      case "ended":
        this.#lane(frame.ref).ref.end(reasonOf(frame.kind, frame.why));
        this.#lanes.delete(frame.ref);
        this.#channel.send({ k: "release", ref: frame.ref });
        return true;
      default:
        return false;
    }
  }

  /** Called when the connection is closed: its asks fail, its references wait for the next one. */
  end(): void {
    for (const { ref } of this.#lanes.values()) ref.lane = undefined;
    this.#lanes.clear();
    const asks = [...this.#asks.values()];
    this.#asks.clear();
    for (const replyTo of asks) {
      replyTo.fail(
        "ask_unreachable",
        "expected an answer, the connection to its node was lost; it may have been handled",
      );
    }
  }

  #lane(ref: number): OpenLane {
    const lane = this.#lanes.get(ref);
    if (lane === undefined) throw violation(`expected a reference of ours, ${ref} is none`);
    return lane;
  }

  #settle(ask: number): CheckedReply<unknown> {
    const replyTo = this.#asks.get(ask);
    if (replyTo === undefined) throw violation(`expected an ask without outcome, ${ask} is none`);
    this.#asks.delete(ask);
    return replyTo;
  }

  #onFailed(replyTo: CheckedReply<unknown>, code: FailureCode, why: string): void {
    // The asker has its own timer for that.
    if (code === "timeout") return;
    const codes = {
      overflow: "ask_overflow",
      stopped: "ask_stopped",
      rejected: "ask_rejected",
    } as const satisfies Record<string, AskFailure>;
    replyTo.fail(codes[code], `its node says: ${why}`);
  }
}

/** The way by which one reference sends, with its credit. */
class OpenLane implements Lane {
  readonly ref: RemoteRef;
  readonly #send: (message: unknown, replyTo?: CheckedReply<unknown>) => SendOutcome;
  #credit: number;

  constructor(
    ref: RemoteRef,
    credit: number,
    send: (message: unknown, replyTo?: CheckedReply<unknown>) => SendOutcome,
  ) {
    this.ref = ref;
    this.#credit = credit;
    this.#send = send;
  }

  tell(message: unknown): TellOutcome | "unfit" {
    return this.#use(message, undefined);
  }

  ask(message: object, replyTo: CheckedReply<unknown>): TellOutcome | "unfit" {
    return this.#use(message, replyTo);
  }

  add(count: number, window: number): void {
    this.#credit += count;
    if (this.#credit > window) throw violation(`expected at most ${window} of credit, got more`);
  }

  #use(
    message: unknown,
    replyTo: CheckedReply<unknown> | undefined,
  ): TellOutcome | "unfit" {
    if (this.#credit === 0) return "overflow";
    const outcome = this.#send(message, replyTo);
    switch (outcome) {
      case "sent":
        this.#credit--;
        return "accepted";
      case "full":
        return "overflow";
      case "closed":
        return "stopped";
      case "unfit":
        return outcome;
    }
  }
}

function reasonOf(kind: EndKind, why: string): StopReason {
  switch (kind) {
    case "normal":
    case "shutdown":
      return { kind };
    case "failed":
      return { kind, error: new RemoteError("actor_failed", `its node says: ${why}`) };
    case "not_exported":
      return { kind: "failed", error: new RemoteError("not_exported", `its node says: ${why}`) };
  }
}
