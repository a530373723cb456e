/**
 * The callee's side of a connection: another node opens exported actors, tells them messages and asks
 * them. Everything that arrives is checked, and bounded by the credit.
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

/** What the callee's side of a connection works with. */
export interface InboundOptions {
  readonly find: (name: string) => Export | undefined;
  readonly channel: Channel;
  readonly window: number;
  readonly deadLetters: DeadLetters;
  /** Calls back when the answers that were given by now have been sent. */
  readonly nextTurn: (callback: () => void) => void;
  /** Called for each message that does not match its schema. */
  readonly onInvalid: () => void;
}

/** Most references that one connection may hold open: far more than a node exports. */
const OPEN_LIMIT = 1_024;

/** One reference that the other node holds. */
interface Opened {
  readonly ref: number;
  /** Undefined if there is no such actor. */
  readonly found: Export | undefined;
  /** Messages that count against the credit. */
  underWay: number;
  /** Those of them that have left the mailbox, and for which no credit was returned yet. */
  done: number;
  unwatch: () => void;
}

/** The references that another node holds here through one connection, and the asks it has made. */
export class Inbound {
  readonly #options: InboundOptions;
  readonly #opened = new Map<number, Opened>();
  readonly #closed = new AbortController();

  constructor(options: InboundOptions) {
    this.#options = options;
  }

  /**
   * Handles a frame. Returns false if it is not one that a caller sends.
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

  /** Called when the connection is closed: closes all references and ends all asks. */
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
    // Only the text of a failure leaves the process.
    const why = reason.kind === "failed" ? String(reason.error).slice(0, WHY_LIMIT) : kind;
    // An answer that the actor gave before its end is sent first.
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

  /** Returns the credit for one message, together with that of others, once it is worth a frame. */
  #giveBack(opened: Opened): void {
    const { window, channel } = this.#options;
    opened.done++;
    // A quarter of the window makes a frame. The other side never waits for less: with its credit used
    // up, the whole window is under way here.
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

  /** Asks the actor on behalf of the other node. Never rejects. */
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
