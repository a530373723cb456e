/**
 * What two processes agree on about an actor: its name, and the schema of its messages and answers.
 * Both sides hold the same contract, and each checks what reaches it.
 *
 * @module
 */

import { z } from "zod";
import type { ActorRef, ReplyTo, TellOutcome } from "../mod.ts";
import { askBehindOf } from "./ask_behind.ts";
import { RemoteError } from "./errors.ts";

/** Under which name an actor is exported, and what it takes. */
export interface RemoteContract<M> {
  /** The name, unique within a node. */
  readonly name: string;
  /** The schema of its messages. It describes and does not transform: it runs on both sides. */
  readonly messages: z.ZodType<M>;
}

/** Longest name of an exported actor, in characters: as for actors themselves. */
export const NAME_LIMIT = 200;

/**
 * Makes a contract. Messages, and answers to {@linkcode replyTo}, are what JSON can carry.
 *
 * @example
 * ```ts
 * import { z } from "zod";
 * import { remoteContract, replyTo } from "./mod.ts";
 *
 * const greeter = remoteContract(
 *   "greeter",
 *   z.discriminatedUnion("type", [
 *     z.object({ type: z.literal("forget") }),
 *     z.object({ type: z.literal("greet"), name: z.string(), replyTo: replyTo(z.string()) }),
 *   ]),
 * );
 * ```
 *
 * @throws {RemoteError} `invalid_option` if the name is empty or longer than 200 characters.
 */
export function remoteContract<M>(name: string, messages: z.ZodType<M>): RemoteContract<M> {
  if (name.length === 0 || name.length > NAME_LIMIT) {
    throw new RemoteError(
      "invalid_option",
      `make a contract: expected a name of 1 to ${NAME_LIMIT} characters, got ${name.length}`,
    );
  }
  return { name, messages };
}

/**
 * The schema of the field `replyTo` in a message that asks: a reference for an answer of that
 * schema. Elsewhere in a message a reference cannot be sent.
 */
export function replyTo<R>(answer: z.ZodType<R>): z.ZodType<ReplyTo<R>> {
  return z.custom<ActorRef<R>>(isReference, "expected a reference for the answer")
    .transform((ref): ReplyTo<R> => new CheckedReply(ref, answer));
}

function isReference(value: unknown): boolean {
  return typeof value === "object" && value !== null && "tell" in value &&
    typeof value.tell === "function";
}

/** A reference for an answer that lets only those through which fit the schema. */
export class CheckedReply<R> implements ActorRef<R> {
  readonly #to: ActorRef<R>;
  readonly #schema: z.ZodType<R>;

  constructor(to: ActorRef<R>, schema: z.ZodType<R>) {
    this.#to = to;
    this.#schema = schema;
  }

  get path(): string {
    return this.#to.path;
  }

  /** How long the asker waits, in milliseconds; undefined if what waits is no ask. */
  get timeoutMs(): number | undefined {
    return askBehindOf(this.#to)?.timeoutMs;
  }

  tell(answer: R): TellOutcome {
    const checked = check(this.#schema, answer);
    if (checked.ok) return this.#to.tell(checked.value);
    this.fail("ask_rejected", `expected an answer that fits its schema, ${checked.problem}`);
    return "stopped";
  }

  /** Ends the ask, if there is one. */
  fail(code: AskFailure, what: string): void {
    askBehindOf(this.#to)?.fail(code, what);
  }

  /** References are part of no message. */
  toJSON(): never {
    throw new RemoteError(
      "invalid_option",
      `send the reference ${this.path}: expected references in the field replyTo alone`,
    );
  }
}

/** Reasons for which an ask of another process has no answer. */
export type AskFailure =
  | "ask_timeout"
  | "ask_overflow"
  | "ask_stopped"
  | "ask_unreachable"
  | "ask_rejected";

/** Whether a value fits, in words if it does not. Never throws. */
export function check<T>(
  schema: z.ZodType<T>,
  value: unknown,
): { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string } {
  try {
    const { success, data, error } = schema.safeParse(value);
    if (success) return { ok: true, value: data };
    const [issue] = error.issues;
    const where = issue === undefined || issue.path.length === 0
      ? ""
      : ` at ${issue.path.join(".")}`;
    return { ok: false, problem: `${issue?.message ?? "it does not"}${where}`.slice(0, 500) };
  } catch (error) {
    // A schema's own function, or a value nested so deeply that the stack does not suffice.
    return { ok: false, problem: String(error).slice(0, 500) };
  }
}
