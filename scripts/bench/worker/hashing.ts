/**
 * An actor that hashes, for either side.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { ActorDefinition, ReplyTo } from "../../../actors/runtime/mod.ts";

/** The digests that a torrent and a manifest need. */
export type Algorithm = "sha1" | "sha256";

/** What the actor takes. */
export interface HashMessage {
  readonly algorithm: Algorithm;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly replyTo: ReplyTo<string>;
}

/** Hashes what it is sent, one buffer at a time. */
export const hashActor: ActorDefinition<null, HashMessage> = {
  name: "hash",
  init: () => null,
  receive(state, { algorithm, bytes, replyTo }) {
    replyTo.tell(createHash(algorithm).update(bytes).digest("hex"));
    return state;
  },
};
