/**
 * The options of `rollcall pin`: those of vmtouch by the same letters, and what goes together.
 *
 * @module
 */

import { InvalidArgumentError } from "@commander-js/extra-typings";
import type { PinSelection } from "../../host/pinning/pin_selection.ts";
import { UsageError } from "../shared/errors.ts";

/** Options of the command, as `rollcall pin --help` explains them. */
export interface PinOptions {
  readonly touch: boolean;
  readonly evict: boolean;
  readonly lock: boolean;
  readonly daemon: boolean;
  readonly wait: boolean;
  readonly pidFile?: string | undefined;
  readonly maxFileSize?: number | undefined;
  readonly maxBytes?: number | undefined;
  readonly margin: number;
  readonly range?: PinSelection["range"];
  readonly ignore: readonly string[];
  readonly only: readonly string[];
  readonly follow: boolean;
  readonly oneFileSystem: boolean;
  readonly batch?: string | undefined;
  readonly nul: boolean;
  readonly check: boolean;
  readonly verbose: boolean;
  readonly quiet: boolean;
  readonly json: boolean;
}

const UNITS: Readonly<Record<string, number>> = { "": 0, k: 1, m: 2, g: 3, t: 4 };

/** Parses a size as vmtouch takes it: `4096`, `4k`, `100M`, `1.5G`; powers of 1024. */
export function parseSize(text: string): number {
  const match = /^(\d{1,15}(?:\.\d{1,9})?)([kmgt]?)(?:i?b)?$/i.exec(text);
  const power = UNITS[match?.[2]?.toLowerCase() ?? "none"];
  const sizeBytes = Math.floor(Number(match?.[1]) * 1024 ** (power ?? NaN));
  if (Number.isSafeInteger(sizeBytes)) return sizeBytes;
  throw new InvalidArgumentError(`expected a size such as 4096, 4k, 100M or 1.5G, was "${text}".`);
}

/** Parses a range as vmtouch takes it: `4k-50k`, `100M-`, `-5M`, `-`; a size alone is that much from the file's start on. */
export function parseRange(text: string): NonNullable<PinSelection["range"]> {
  const [from = "", to, ...more] = text.includes("-") ? text.split("-") : ["", text];
  const fromBytes = from === "" ? 0 : parseSize(from);
  const toBytes = to === undefined || to === "" ? undefined : parseSize(to);
  if (more.length > 0 || (toBytes !== undefined && toBytes <= fromBytes)) {
    throw new InvalidArgumentError(
      `expected a range such as 4k-50k, 100M-, -5M or 5M, was "${text}".`,
    );
  }
  return { fromBytes, toBytes };
}

/** Expects options that go together. @throws {UsageError} */
export function checkTogether(paths: readonly string[], options: PinOptions): void {
  const { touch, evict, lock, daemon, wait, pidFile, batch, nul, check, verbose } = options;
  const problem = paths.length === 0 && batch === undefined
    ? "expected files or folders, there were none"
    : evict && (touch || lock)
    ? "--evict does the opposite of --touch and --lock: give one of them"
    : daemon && !lock
    ? "--daemon needs --lock"
    : wait && !daemon
    ? "--wait needs --daemon"
    : pidFile !== undefined && !lock
    ? "--pid-file needs --lock"
    : nul && batch === undefined
    ? "--nul needs --batch"
    : check && (evict || lock)
    ? "--check goes with a report or --touch"
    : daemon && verbose
    ? "--daemon has nowhere to show files: leave --verbose out"
    : null;
  if (problem !== null) throw new UsageError(`pin: ${problem}`);
}
