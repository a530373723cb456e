/** The hooks of a service in the config: commands of the operator's that are run around a switch. */

import { z } from "zod";
import { argvSchema, duration } from "./basics.ts";

/** A hook, with its defaults filled in. */
export interface Hook {
  readonly argv: [string, ...string[]];
  /** How long it may take, in ms; undefined: the default of its kind. */
  readonly timeoutMs: number | undefined;
  /** Whether its failure ends the host's switch (`stop`), or is only told (`ignore`). */
  readonly onFailure: "stop" | "ignore";
}

/**
 * A hook: the program and its arguments, or those as `command` with `timeout` and `onFailure`.
 *
 * @param onFailure what its failure means, where the config does not say.
 */
export function hookSchema(onFailure: Hook["onFailure"]) {
  return z.union([
    argvSchema.transform((argv): Hook => ({ argv, timeoutMs: undefined, onFailure })),
    z.strictObject({
      command: argvSchema,
      timeout: duration({ leastMs: 1 }).optional(),
      onFailure: z.enum(["stop", "ignore"]).default(onFailure),
    }).transform(({ command, timeout, onFailure }): Hook => ({
      argv: command,
      timeoutMs: timeout,
      onFailure,
    })),
  ]);
}
