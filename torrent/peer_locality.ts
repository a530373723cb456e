/** Where a peer says that it stands: what both engines tell and are told in the extension handshake. */

import { z } from "zod";

const wireNameSchema = z.instanceof(Uint8Array)
  .transform((bytes) => new TextDecoder().decode(bytes))
  .pipe(z.string().min(1).max(128));

/** What a peer says of itself in the extension handshake (BEP 10), under the key "rollcall". */
export const peerLocalitySchema = z.object({
  host: wireNameSchema,
  site: wireNameSchema,
  rack: wireNameSchema,
});
