/** A peer's locality as both engines tell it in the extension handshake. */

import { z } from "zod";

const wireNameSchema = z.instanceof(Uint8Array)
  .transform((bytes) => new TextDecoder().decode(bytes))
  .pipe(z.string().min(1).max(128));

/** The locality in the extension handshake (BEP 10), under the key "rollcall"; names have 1 to 128 characters. */
export const peerLocalitySchema = z.object({
  host: wireNameSchema,
  site: wireNameSchema,
  rack: wireNameSchema,
});
