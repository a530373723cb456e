/**
 * How many bytes of each version came from where, this host's own disk included; kept on disk so that the count survives
 * the agent.
 *
 * @module
 */

import { join } from "node:path";
import { z } from "zod";
import { readJsonFile, type ReleaseStore, writeJsonFile } from "../../host/mod.ts";
import type { Received } from "../../rollout/mod.ts";

const recordSchema = z.object({
  rackBytes: z.int(),
  siteBytes: z.int(),
  remoteBytes: z.int(),
  reusedBytes: z.int().default(0),
});

const NOTHING = { rackBytes: 0, siteBytes: 0, remoteBytes: 0, reusedBytes: 0 };

/** What earlier transfers of that version have received; zeros where there is no readable record. */
export function readReceived(store: ReleaseStore, version: string): Received {
  const file = readJsonFile(recordPath(store, version));
  const parsed = file.state === "present" ? recordSchema.safeParse(file.value) : null;
  return { version, ...(parsed?.data ?? NOTHING) };
}

/** Replaces the record. It is only a statistic: one that cannot be written is not worth a failure. */
export function writeReceived(store: ReleaseStore, received: Received): void {
  const { rackBytes, siteBytes, remoteBytes, reusedBytes } = received;
  try {
    const record = { rackBytes, siteBytes, remoteBytes, reusedBytes };
    writeJsonFile(recordPath(store, received.version), record);
  } catch {
    // The transfer itself hits the same disk and reports what is wrong with it.
  }
}

function recordPath(store: ReleaseStore, version: string): string {
  return join(store.layout.stateDir, `${version}.received.json`);
}
