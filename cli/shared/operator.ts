/**
 * Who gives an order by the command line.
 *
 * @module
 */

import { systemClock } from "../../base/clock.ts";

/** Who gives an order, why, and when: as it stands in the tree. */
export interface OperatorWord {
  /** `user@machine`. */
  readonly by: string;
  readonly reason: string | null;
  /** Now, milliseconds since the epoch. */
  readonly sinceMs: number;
}

/** The user who gives the order, and its machine. */
export function operatorName(): string {
  const user = Deno.env.get("SUDO_USER") ?? Deno.env.get("USER") ?? "somebody";
  return `${user}@${Deno.hostname()}`;
}

/** An order that is given now. */
export function operatorWord(
  { reason }: { readonly reason?: string | undefined } = {},
): OperatorWord {
  return { by: operatorName(), reason: reason ?? null, sinceMs: systemClock.wallTimeMs() };
}
