/**
 * What another node does here through one connection: it opens actors that are exported, tells them
 * things and asks them. Everything that arrives is checked, and bounded by the credit.
 *
 * @module
 */

import { ask, type AskError, type DeadLetters, type StopReason } from "../mod.ts";
import { onTermination } from "../ref.ts";
import { Arrived } from "./arrived.ts";
import type { Channel } from "./connection.ts";
import { check } from "./contract.ts";
import { violation } from "./errors.ts";
import type { Export } from "./exports.ts";
import { type EndKind, type FailureCode, type Frame, WHY_LIMIT } from "./frames.ts";

/** What the other node's doings need here. */
export interface InboundOptions {
  readonly find: (name: string) => Export | undefined;
  readonly channel: Channel;
  readonly window: number;
  readonly deadLetters: DeadLetters;
  /** Calls back when answers that were given by now are on their way. */
  readonly nextTurn: (callback: () => void) => void;
  /** Called for each message that does not fit its schema. */
  readonly onInvalid: () => void;
}

/** References that one connection may hold open: far beyond what a node exports. */
const OPEN_LIMIT = 1_024;

/** One reference that the other node holds. */
interface Opened {
  readonly ref: number;
  /** Undefined if there is no such actor. */
  readonly found: Export | undefined;
  /** Messages that count against the credit. */
  underWay: number;
  /** Those of them that are done and not reported yet. */
  done: number;
  unwatch: () => void;
}

/** See the head of this file. */
export class Inbound {
  readonly #options: InboundOptions;
  readonly #opened = new Map<number, Opened>();
  readonly #closed = new AbortController();

  constructor(options: InboundOptions) {
    this.#options = options;
  }

  /**
   * Takes a frame; says whether it was one for here.
   *
   * @throws {RemoteError} `protocol_violation`.
   */
  take(frame: Frame): boolean {
    switch (frame.k) {
      case "tell":
        this.#tell(this.#use(frame.ref), frame.message);
        return true;
      case "ask":
        void this.#ask(this.#use(frame.ref), frame);
        return true;
      case "open":
        this.#open(frame.ref, frame.name);
        return true;
      case "release":
        this.#opened.get(frame.ref)?.unwatch();
        this.#opened.delete(frame.ref);
        return true;
      default:
        return false;
    }
  }

  /** The connection is gone: nobody waits for answers any more. */
  end(): void {
    for (const { unwatch } of this.#opened.values()) unwatch();
    this.#opened.clear();
    this.#closed.abort();
  }

  #open(ref: number, name: string): void {
    if (this.#opened.has(ref)) throw violation(`expected a new reference, ${ref} is open`);
    if (this.#opened.size >= OPEN_LIMIT) {
      throw violation(`expected at most ${OPEN_LIMIT} references, there is one more`);
    }
    const found = this.#options.find(name);
    const opened: Opened = { ref, found, underWay: 0, done: 0, unwatch: () => {} };
    this.#opened.set(ref, opened);
    if (found === undefined) {
      this.#options.channel.send({
        k: "ended",
        ref,
        kind: "not_exported",
        why: "there is no actor under this name",
      });
      return;
    }
    opened.unwatch = found.target[onTermination]((reason) => this.#onEnd(ref, reason));
  }

  #onEnd(ref: number, reason: StopReason): void {
    const kind: EndKind = reason.kind === "sibling_failed" ? "shutdown" : reason.kind;
    // Of a failure its text alone leaves the process.
    const why = reason.kind === "failed" ? String(reason.error).slice(0, WHY_LIMIT) : kind;
    // An answer that it gave before its end goes first.
    this.#options.nextTurn(() => this.#options.channel.send({ k: "ended", ref, kind, why }));
  }

  /** Counts a message against the credit. */
  #use(ref: number): Opened {
    const opened = this.#opened.get(ref);
    if (opened === undefined) throw violation(`expected an open reference, ${ref} is none`);
    if (opened.underWay >= this.#options.window) {
      throw violation(`expected at most ${this.#options.window} messages under way to ${ref}`);
    }
    opened.underWay++;
    return opened;
  }

  /** Gives the credit for one message back, when it is worth a frame. */
  #giveBack(opened: Opened): void {
    const { window, channel } = this.#options;
    opened.done++;
    // The other side waits only if all is under way: a quarter is then still to be done, and reported.
    if (opened.done < Math.max(1, window >> 2)) return;
    const count = opened.done;
    opened.underWay -= count;
    opened.done = 0;
    if (this.#opened.has(opened.ref)) channel.send({ k: "credit", ref: opened.ref, count });
  }

  #tell(opened: Opened, message: unknown): void {
    const { found } = opened;
    if (found === undefined) return this.#giveBack(opened);
    const checked = check(found.contract.messages, message);
    if (checked.ok) found.target.tell(new Arrived(checked.value, () => this.#giveBack(opened)));
    else {
      this.#refuse(found, message);
      this.#giveBack(opened);
    }
  }

  #refuse({ target }: Export, message: unknown): void {
    this.#options.onInvalid();
    this.#options.deadLetters.publish({ recipient: target.path, message, reason: "invalid" });
  }

  async #ask(
    opened: Opened,
    frame: Frame & { readonly k: "ask" },
  ): Promise<void> {
    const { found } = opened;
    const { channel } = this.#options;
    if (found === undefined) this.#fail(frame.ask, "stopped", "there is no actor under this name");
    else {
      const outcome = await this.#question(found, frame);
      if (this.#closed.signal.aborted) return;
      if (!("answer" in outcome)) this.#fail(frame.ask, outcome.code, outcome.why);
      else {
        const sent = channel.send({ k: "answer", ask: frame.ask, answer: outcome.answer });
        if (sent === "unfit") {
          this.#fail(frame.ask, "rejected", "its answer does not fit into a frame");
        }
      }
    }
    this.#giveBack(opened);
  }

  /** Asks the actor here, in the name of the other node. Never rejects. */
  async #question(
    found: Export,
    { message, timeoutMs }: Frame & { readonly k: "ask" },
  ): Promise<{ answer: unknown } | { code: FailureCode; why: string }> {
    let problem: string | undefined;
    try {
      const answer = await ask<unknown, unknown>(found.target, (replyTo) => {
        const question = { ...(message as object), replyTo };
        const checked = check(found.contract.messages, question);
        if (checked.ok) return checked.value;
        problem = checked.problem;
        throw violation(problem);
      }, { timeoutMs, signal: this.#closed.signal });
      return { answer };
    } catch (error) {
      if (problem === undefined) return failureOf(error as AskError);
      this.#refuse(found, message);
      return { code: "rejected", why: `the message does not fit the schema: ${problem}` };
    }
  }

  #fail(ask: number, code: FailureCode, why: string): void {
    this.#options.channel.send({ k: "failed", ask, code, why: why.slice(0, WHY_LIMIT) });
  }
}

function failureOf(error: AskError): { code: FailureCode; why: string } {
  const why = String(error.message ?? error);
  switch (error.code) {
    case "ask_timeout":
      return { code: "timeout", why };
    case "ask_overflow":
      return { code: "overflow", why };
    case "ask_stopped":
      return { code: "stopped", why };
    default:
      return { code: "rejected", why };
  }
}
