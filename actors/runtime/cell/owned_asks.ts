/**
 * The asks of one incarnation, whose outcomes come back as messages.
 *
 * @module
 */

import { findAskCycle } from "./ask_cycle.ts";
import type { Cell } from "./cell.ts";
import { CellRef } from "./cell_ref.ts";
import type { AskMapping } from "../actor_definition.ts";
import type { AskError } from "../errors.ts";
import { Envelope } from "../dispatch/mailbox.ts";
import type { Owner } from "./owner.ts";
import { PendingAsk } from "./pending_ask.ts";
import type { ActorRef, ReplyTo } from "../ref.ts";

/** The incarnation, as its asks see it. */
interface AskOwner extends Owner {
  /** The current message, if it is an ask. */
  readonly currentAsk: PendingAsk<never> | undefined;
}

/** The asks that one incarnation has in flight: what `ask` of `ActorContext` does. */
export class OwnedAsks {
  readonly #owner: AskOwner;
  readonly #asker: Cell;
  readonly #asks = new Set<OwnedAsk<unknown>>();

  constructor(owner: AskOwner, asker: Cell) {
    this.#owner = owner;
    this.#asker = asker;
  }

  /** Asks whose outcome the actor has not handled yet. */
  get size(): number {
    return this.#asks.size;
  }

  /**
   * Asks, and delivers the outcome to the owner.
   *
   * @throws {ActorError} `too_much_owned_work`; what `build` throws.
   */
  start<M, R>(
    target: ActorRef<M>,
    build: (replyTo: ReplyTo<R>) => M,
    mapping: AskMapping<R, unknown>,
  ): void {
    this.#owner.checkOwnedWork();
    const asks = this.#asks as Set<OwnedAsk<R>>;
    const ask = new OwnedAsk(target, mapping, (content, toMessage) => {
      const open = (): unknown => {
        asks.delete(ask);
        return toMessage();
      };
      this.#owner.deliver(new Envelope(open, content, true));
    });
    ask.asker = this.#asker;
    ask.cause = this.#owner.currentAsk;
    asks.add(ask);
    if (this.#closesCycle(ask, target)) return;
    try {
      ask.start(target, build, {
        timeoutMs: mapping.timeoutMs,
        keptIn: this.#owner.deadlines,
      });
    } catch (error) {
      asks.delete(ask);
      throw error;
    }
  }

  /** Looks for a cycle and reports or refuses it, as the system's option `askCycles` says. */
  #closesCycle(ask: PendingAsk<never>, target: ActorRef<never>): boolean {
    const { askCycles: askCycles, log } = this.#asker.runtime;
    if (askCycles === "allow") return false;
    const cell = CellRef.cellOf(target);
    if (cell === undefined) return false;
    const cycle = findAskCycle(cell, this.#asker, ask.cause);
    if (cycle === undefined) return false;
    log.warn("actors ask in a cycle", { cycle });
    if (askCycles === "report") return false;
    ask.refuse(cycle);
    return true;
  }

  /** Cancels all asks. */
  end(): void {
    for (const ask of this.#asks) ask.cancel();
  }
}

class OwnedAsk<R> extends PendingAsk<R> {
  readonly #mapping: AskMapping<R, unknown>;
  readonly #settle: (content: unknown, toMessage: () => unknown) => void;

  constructor(
    target: ActorRef<never>,
    mapping: AskMapping<R, unknown>,
    settle: (content: unknown, toMessage: () => unknown) => void,
  ) {
    super(target, mapping.timeoutMs);
    this.#mapping = mapping;
    this.#settle = settle;
  }

  protected override onReply(reply: R): void {
    this.#settle(reply, () => this.#mapping.ok(reply));
  }
  protected override onFailure(error: AskError): void {
    this.#settle(error, () => this.#mapping.error(error));
  }
}
