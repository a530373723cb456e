/**
 * `rollcall unpublish`: takes a release out of a feed, by the process that serves the feed if there is one.
 *
 * @module
 */

import { join } from "node:path";
import { sleep, systemClock } from "../base/clock.ts";
import { silentLog } from "../base/log.ts";
import { FileLock } from "../ffi/mod.ts";
import { FeedStore, Inbox } from "../torrent/mod.ts";
import { CommandError, UsageError } from "./shared/errors.ts";
import { writeJson, writeLine } from "./shared/output.ts";

/** How long the process that serves the feed may take. It looks into the inbox four times a second, so it is stuck after this time. */
const DEADLINE_MS = 30_000;

/** How often it is looked whether it is done. */
const POLL_MS = 50;

/** Takes the release out. */
export async function runUnpublish(
  { service, version }: { readonly service: string; readonly version: string },
  { feed, json }: { readonly feed: string; readonly json: boolean },
): Promise<void> {
  const { isDirectory } = await Deno.stat(join(feed, "inbox")).catch(() => ({
    isDirectory: false,
  }));
  if (!isDirectory) throw new UsageError(`unpublish: expected the folder of a feed, was ${feed}`);
  const store = await FeedStore.open({ directory: feed, clock: systemClock, log: silentLog });
  const release = store.releases.find((each) =>
    each.service === service && each.version === version
  );
  if (release === undefined) {
    throw new CommandError(
      `unpublish ${service} ${version}: the feed in ${feed} has no such release`,
    );
  }
  const { infoHash } = release;
  const inbox = new Inbox(feed);
  const lock = FileLock.tryAcquire(join(feed, ".publisher.lock"));
  if (lock === null) await handOver(inbox, infoHash);
  else {
    try {
      await store.remove(infoHash);
      await inbox.settleWithdrawal(infoHash);
    } finally {
      lock.release();
    }
  }
  if (json) writeJson({ infoHash });
  else {writeLine(
      `${service} ${version} (${infoHash}) is not in the feed any more, and not seeded.`,
    );}
}

async function handOver(inbox: Inbox, infoHash: string): Promise<void> {
  await inbox.withdraw(infoHash);
  for (let waitedMs = 0; waitedMs < DEADLINE_MS; waitedMs += POLL_MS) {
    if (!await inbox.isWithdrawing(infoHash)) return;
    await sleep(systemClock, POLL_MS);
  }
  throw new CommandError(
    `unpublish: the process that serves the feed has not taken ${infoHash} out; is it stuck?`,
  );
}
