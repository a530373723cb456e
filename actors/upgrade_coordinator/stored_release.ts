/**
 * Which release a host has under a version: its receipt says with which info hash it was verified.
 *
 * @module
 */

import { infoHashOf, type Releases } from "../../host/mod.ts";
import type { ReleaseIdentity } from "../../rollout/mod.ts";

/** The release that the disk has under a version. Its info hash is not known if there is no receipt that can be read. */
export function storedRelease(
  store: Pick<Releases, "readReceipt">,
  version: string,
): ReleaseIdentity & { readonly version: string } {
  const receipt = store.readReceipt(version);
  return { version, infoHash: receipt === null ? undefined : infoHashOf(receipt) };
}
