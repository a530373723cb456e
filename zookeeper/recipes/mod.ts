/**
 * Recipes: small protocols on top of the client, each safe against a lost reply and an expired session. A recipe calls
 * the client and other recipes; nothing in `client/` knows them. They are for users of the library. Of them Rollcall
 * itself uses `ensurePath` alone: its own admission, queue and registration (`coordination/`) put their change into
 * one transaction together with other nodes (the control node, the wave, the admission counter), which a recipe for a
 * single node cannot.
 *
 * @module
 */

export * from "./admission.ts";
export * from "./cached_tree.ts";
export * from "./ensure_path.ts";
export * from "./ephemeral_registration.ts";
export * from "./ordered_queue.ts";
export * from "./protected_create.ts";
