/**
 * `rollcall unpublish`: takes a release out of a feed, by the process that serves the feed if there is one, unless the fleet wants
 * it.
 *
 * @module
 */

import { join } from "node:path";
import { sleep, systemClock } from "../base/clock.ts";
import { silentLog } from "../base/log.ts";
import { FileLock } from "../ffi/mod.ts";
import { findWanted } from "../coordination/mod.ts";
import { listNames } from "../rollout/mod.ts";
import { FeedStore, Inbox } from "../torrent/mod.ts";
import { CommandError, UsageError } from "./shared/errors.ts";
import { writeJson, writeLine } from "./shared/output.ts";
import { withZooKeeper } from "./shared/zookeeper_session.ts";

/** How long the process that serves the feed may take. It looks into the inbox four times a second, so it is stuck after this time. */
const DEADLINE_MS = 30_000;

/** How often it is looked whether it is done. */
const POLL_MS = 50;

/** Options of the command, as `rollcall unpublish --help` explains them. */
export interface UnpublishOptions {
  readonly feed: string;
  readonly zookeeper: string;
  /** Whether it goes without looking whether the fleet wants it. */
  readonly force: boolean;
  readonly json: boolean;
}

/** Takes the release out. */
export async function runUnpublish(
  { service, version }: { readonly service: string; readonly version: string },
  { feed, zookeeper, force, json }: UnpublishOptions,
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
  if (!force) await expectUnwanted({ service, version, infoHash }, zookeeper);
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

/** @throws {CommandError} when the fleet wants the release, or that cannot be seen. */
async function expectUnwanted(
  release: { readonly service: string; readonly version: string; readonly infoHash: string },
  servers: string,
): Promise<void> {
  const what = `unpublish ${release.service} ${release.version}`;
  let places: string[];
  try {
    places = await withZooKeeper(servers, (zookeeper) => findWanted(zookeeper, release));
  } catch (cause) {
    if (!(cause instanceof CommandError)) throw cause;
    throw new CommandError(
      `${what}: nothing was changed, since it cannot be seen whether the fleet wants it (--force does not look)`,
      { cause },
    );
  }
  if (places.length === 0) return;
  throw new CommandError(
    `${what}: the fleet wants it (${
      listNames(places)
    }); nothing was changed. Roll another version out first, or take ` +
      "it out all the same with --force: who does not have it could not get it any more",
  );
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
