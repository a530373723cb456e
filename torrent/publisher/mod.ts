/**
 * The build machine: a feed, an inbox for what is published, and the first seeder.
 *
 * @module
 */

export * from "./inbox.ts";
export * from "./publisher.ts";
