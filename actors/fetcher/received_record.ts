/**
 * Counts of the bytes received of each version, by distance of the sender, and of those reused from this host's disk. They
 * are kept on disk, so that they survive the agent.
 *
 * @module
 */

import { z } from "zod";
import { readJsonFile, type Releases, writeJsonFile } from "../../host/mod.ts";
import type { Received } from "../../rollout/mod.ts";

const recordSchema = z.object({
  rackBytes: z.int(),
  siteBytes: z.int(),
  remoteBytes: z.int(),
  reusedBytes: z.int().default(0),
});

const NOTHING = { rackBytes: 0, siteBytes: 0, remoteBytes: 0, reusedBytes: 0 };

/**
 * Reads what earlier transfers of that version have received; zeros if there is no readable record.
 *
 * @throws {HostError} `NAME_INVALID`.
 */
export function readReceived(store: Releases, version: string): Received {
  const file = readJsonFile(store.paths(version).received);
  const parsed = file.state === "present" ? recordSchema.safeParse(file.value) : null;
  return { version, ...(parsed?.data ?? NOTHING) };
}

/** Replaces the record. A failure is ignored, because the record is only a statistic. */
export function writeReceived(store: Releases, received: Received): void {
  const { rackBytes, siteBytes, remoteBytes, reusedBytes } = received;
  try {
    const record = { rackBytes, siteBytes, remoteBytes, reusedBytes };
    writeJsonFile(store.paths(received.version).received, record);
  } catch {
    // The transfer itself hits the same disk and reports what is wrong with it.
  }
}
