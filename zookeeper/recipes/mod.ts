// Recipes: small protocols on top of the client, each safe against a lost reply.
export * from "./ensure_path.ts";
export * from "./ephemeral_registration.ts";
export * from "./protected_create.ts";
