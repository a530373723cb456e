/**
 * What stops a compile, in words for the user.
 *
 * @module
 */

/** Its message is all that is shown. */
export class CompileError extends Error {
  override readonly name = "CompileError";
}
