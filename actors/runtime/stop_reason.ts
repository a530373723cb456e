/**
 * Why an actor has ended: the word for it that definitions, references, errors and signals share.
 *
 * @module
 */

/**
 * Why an actor, or one incarnation of it, ended.
 *
 * - `normal`: it stopped itself.
 * - `shutdown`: its parent, its supervisor or the system stopped it.
 * - `sibling_failed`: its supervisor restarts it together with a sibling that failed.
 * - `failed`: it threw; `error` is what it threw.
 */
export type StopReason =
  | { readonly kind: "normal" }
  | { readonly kind: "shutdown" }
  | { readonly kind: "sibling_failed" }
  | { readonly kind: "failed"; readonly error: unknown };
