/**
 * Recipes: small protocols on top of the client, each safe against a lost reply.
 *
 * @module
 */

export * from "./admission.ts";
export * from "./cached_tree.ts";
export * from "./ensure_path.ts";
export * from "./ephemeral_registration.ts";
export * from "./ordered_queue.ts";
export * from "./protected_create.ts";
