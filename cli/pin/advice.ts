/**
 * A refusal of the host as the command's error: what is wrong, and below that the lines to add.
 *
 * @module
 */

import { CommandError } from "../shared/errors.ts";

/** The error, with its advice if there is any. */
export function withAdvice(
  { message, advice }: { readonly message: string; readonly advice?: string | undefined },
): CommandError {
  return new CommandError(advice === undefined ? message : `${message}\n${advice}`);
}
