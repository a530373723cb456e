/**
 * Frames: what two nodes send each other, as data. Connections carry them as JSON.
 *
 * @module
 */

import { NAME_LIMIT } from "./contract.ts";
import { violation } from "./errors.ts";

/** The version of the protocol in this file. Nodes of different versions refuse each other. */
export const PROTOCOL_VERSION = 1;

/** Why a question has no answer, as the callee reports it. */
export type FailureCode = "overflow" | "stopped" | "timeout" | "rejected";

/** How the actor behind a reference has ended. */
export type EndKind = "normal" | "shutdown" | "failed" | "not_exported";

/** One frame. `ref` and `ask` are numbers that the sender of `open` or `ask` has chosen. */
export type Frame =
  /** First in each direction. `node` is new in each life of a node; `window` is the credit per reference. */
  | {
    readonly k: "hello";
    readonly version: number;
    readonly node: string;
    readonly window: number;
  }
  /** Asks for the actor exported under a name, and to hear of its end. */
  | { readonly k: "open"; readonly ref: number; readonly name: string }
  | { readonly k: "tell"; readonly ref: number; readonly message: unknown }
  | {
    readonly k: "ask";
    readonly ref: number;
    readonly ask: number;
    /** What is left of the time for the answer, in milliseconds. */
    readonly timeoutMs: number;
    readonly message: unknown;
  }
  | { readonly k: "answer"; readonly ask: number; readonly answer: unknown }
  | {
    readonly k: "failed";
    readonly ask: number;
    readonly code: FailureCode;
    readonly why: string;
  }
  /** `count` messages have left the mailbox: there is room for as many more. */
  | { readonly k: "credit"; readonly ref: number; readonly count: number }
  | { readonly k: "ended"; readonly ref: number; readonly kind: EndKind; readonly why: string }
  /** The reference is not used any more. Sent after `ended`. */
  | { readonly k: "release"; readonly ref: number }
  /** A sign of life, and nothing else. */
  | { readonly k: "beat" }
  /** The last frame: the node ends, and its actors with it. */
  | { readonly k: "bye" };

/** Largest credit that a node may offer. */
export const WINDOW_LIMIT = 65_536;

/** Longest that an ask is kept for another process, in milliseconds: an hour. */
export const ASK_LIMIT_MS = 3_600_000;

/** Longest text that explains something to the other side, in characters. */
export const WHY_LIMIT = 1_000;

/**
 * Checks a frame from the other side. Messages inside it are checked by their contracts.
 *
 * @throws {RemoteError} `protocol_violation`.
 */
export function readFrame(value: unknown): Frame {
  if (typeof value !== "object" || value === null || !("k" in value)) {
    throw violation("expected a frame, there was something else");
  }
  const frame = value as Record<string, unknown>;
  if (!isFrame(frame)) {
    throw violation(`expected a frame, its kind or its fields are others: ${shown(frame.k)}`);
  }
  return frame;
}

function isFrame(frame: Record<string, unknown>): frame is Record<string, unknown> & Frame {
  switch (frame.k) {
    case "tell":
      return isNumber(frame.ref) && "message" in frame;
    case "ask":
      return isNumber(frame.ref) && isNumber(frame.ask) && "message" in frame &&
        typeof frame.timeoutMs === "number" && frame.timeoutMs > 0 &&
        frame.timeoutMs <= ASK_LIMIT_MS;
    case "answer":
      return isNumber(frame.ask);
    case "failed":
      return isNumber(frame.ask) && isText(frame.why) &&
        isOneOf(frame.code, ["overflow", "stopped", "timeout", "rejected"]);
    case "credit":
      return isNumber(frame.ref) && isCount(frame.count);
    case "open":
      return isNumber(frame.ref) && typeof frame.name === "string" &&
        frame.name.length <= NAME_LIMIT;
    case "ended":
      return isNumber(frame.ref) && isText(frame.why) &&
        isOneOf(frame.kind, ["normal", "shutdown", "failed", "not_exported"]);
    case "hello":
      return isNumber(frame.version) && isCount(frame.window) && typeof frame.node === "string" &&
        frame.node.length > 0 && frame.node.length <= NAME_LIMIT;
    case "release":
      return isNumber(frame.ref);
    case "beat":
    case "bye":
      return true;
    default:
      return false;
  }
}

function isNumber(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isCount(value: unknown): boolean {
  return isNumber(value) && (value as number) > 0 && (value as number) <= WINDOW_LIMIT;
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value.length <= WHY_LIMIT;
}

function isOneOf(value: unknown, names: readonly string[]): boolean {
  return typeof value === "string" && names.includes(value);
}

function shown(kind: unknown): string {
  return typeof kind === "string" ? `"${kind.slice(0, 20)}"` : typeof kind;
}
