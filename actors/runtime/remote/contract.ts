/**
 * Contracts: what two processes agree on about an actor, its name and the schema of its messages and
 * answers. Both sides hold the same contract, and each checks what it receives.
 *
 * @module
 */

import { z } from "zod";
import type { ActorRef, ReplyTo, TellOutcome } from "../mod.ts";
import { askBehindOf } from "./ask_behind.ts";
import { RemoteError } from "./errors.ts";

/** What a schema says of a value that does not match. */
export interface SchemaProblem {
  /** The problems, the first one first. */
  readonly issues: readonly {
    /** What was expected. */
    readonly message: string;
    /** Where in the value. */
    readonly path: readonly PropertyKey[];
  }[];
}

/** A schema of zod for values of the type `T`, as far as a contract needs it. */
export interface MessageSchema<out T> {
  /** Where `z.infer` and `z.object` find the type. */
  readonly _zod: {
    /** The type of the values. */
    readonly output: T;
  };
  /** Checks a value. The schema describes and does not transform, because it runs on both sides. */
  safeParse(
    value: unknown,
  ):
    | { readonly success: true; readonly data: T }
    | { readonly success: false; readonly error: SchemaProblem };
}

/** The schema that {@linkcode replyTo} makes, for a field of an object's schema. */
export interface ReplySchema<R> extends MessageSchema<ReplyTo<R>> {
  /** Where `z.object` finds the types. */
  readonly _zod: {
    /** The type of the field. */
    readonly output: ReplyTo<R>;
    /** The type of the field before it is checked. */
    readonly input: ReplyTo<R>;
  };
  /** Makes the schema for a message that asks for an answer or does not. */
  optional(): OptionalReplySchema<R>;
}

/** The schema of a field `replyTo` that may be left out. */
export interface OptionalReplySchema<R> extends MessageSchema<ReplyTo<R> | undefined> {
  /** Where `z.object` finds the types. */
  readonly _zod: {
    /** The type of the field. */
    readonly output: ReplyTo<R> | undefined;
    /** The type of the field before it is checked. */
    readonly input: ReplyTo<R> | undefined;
    /** Says that the field may be left out. */
    readonly optin: "optional" | "defaulted";
    /** Says that the field may be left out. */
    readonly optout: "optional";
  };
}

/** The name under which an actor is exported, and the schema of its messages. */
export interface RemoteContract<M> {
  /** The name, unique within a node. */
  readonly name: string;
  /** The schema of its messages. */
  readonly messages: MessageSchema<M>;
}

/** Longest name of an exported actor, in characters. The same bound as for names of actors. */
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
export function remoteContract<M>(name: string, messages: MessageSchema<M>): RemoteContract<M> {
  if (name.length === 0 || name.length > NAME_LIMIT) {
    throw new RemoteError(
      "invalid_option",
      `make a contract: expected a name of 1 to ${NAME_LIMIT} characters, got ${name.length}`,
    );
  }
  return { name, messages };
}

/**
 * Makes the schema of the field `replyTo` in a message that asks: a reference for an answer that matches
 * the schema `answer`. A reference cannot be sent elsewhere in a message.
 */
export function replyTo<R>(answer: MessageSchema<R>): ReplySchema<R> {
  return z.custom<ActorRef<R>>(isReference, "expected a reference for the answer")
    .transform((ref): ReplyTo<R> => new CheckedReply(ref, answer));
}

function isReference(value: unknown): boolean {
  return typeof value === "object" && value !== null && "tell" in value &&
    typeof value.tell === "function";
}

/** A reference for an answer that passes on only answers that match the schema. */
export class CheckedReply<R> implements ActorRef<R> {
  readonly #to: ActorRef<R>;
  readonly #schema: MessageSchema<R>;

  constructor(to: ActorRef<R>, schema: MessageSchema<R>) {
    this.#to = to;
    this.#schema = schema;
  }

  get path(): string {
    return this.#to.path;
  }

  /** How long the asker waits, in milliseconds; undefined if no ask is waiting for the answer. */
  get timeoutMs(): number | undefined {
    return askBehindOf(this.#to)?.timeoutMs;
  }

  tell(answer: R): TellOutcome {
    const checked = check(this.#schema, answer);
    if (checked.ok) return this.#to.tell(checked.value);
    this.fail("ask_rejected", `expected an answer that fits its schema, ${checked.problem}`);
    return "stopped";
  }

  /** Ends the ask without an answer, if there is one. */
  fail(code: AskFailure, what: string): void {
    askBehindOf(this.#to)?.fail(code, what);
  }

  /** Refuses: a reference cannot be part of a message. */
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

/** Checks a value against a schema, and describes the first problem. Never throws. */
export function check<T>(
  schema: MessageSchema<T>,
  value: unknown,
): { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string } {
  try {
    const parsed = schema.safeParse(value);
    if (parsed.success) return { ok: true, value: parsed.data };
    const [issue] = parsed.error.issues;
    const where = issue === undefined || issue.path.length === 0
      ? ""
      : ` at ${issue.path.join(".")}`;
    return { ok: false, problem: `${issue?.message ?? "it does not"}${where}`.slice(0, 500) };
  } catch (error) {
    // A schema's own function, or a value nested so deeply that the stack does not suffice.
    return { ok: false, problem: String(error).slice(0, 500) };
  }
}
