/**
 * Ending a host's quarantine before it has been well for long enough: what an operator does about it.
 *
 * @module
 */

import { describeForeignName, quoteForeign } from "../base/names.ts";
import { transactions } from "../rollout/mod.ts";
import type { ZooKeeper } from "../zookeeper/mod.ts";
import { applyIfUnchanged } from "./apply.ts";
import { readServiceNames } from "./forget_host.ts";
import { tellOfHost, type ToldWord } from "./history.ts";

/** There is no quarantine to end. */
export class QuarantineReleaseError extends Error {
  /** Stable name of the error. */
  readonly code = "QUARANTINE_RELEASE";
  override readonly name = "QuarantineReleaseError";
}

/**
 * Ends the quarantine of a host's services. The host counts again when it has looked, within some ten seconds.
 *
 * @param how.only The services to look at; default all.
 * @param how.word Who does so, and why: told in the record of the newest rollout. Default: nothing is told.
 * @returns The services for which it was in quarantine, as far as its agent has said.
 * @throws {QuarantineReleaseError} when it was so for none.
 */
export async function releaseQuarantine(
  zk: ZooKeeper,
  host: string,
  { only, word }: {
    readonly only?: readonly string[] | undefined;
    readonly word?: ToldWord | undefined;
  } = {},
): Promise<string[]> {
  const wrong = describeForeignName([host, ...only ?? []]);
  if (wrong !== null) {
    throw new QuarantineReleaseError(`release the quarantine of ${quoteForeign(host)}: ${wrong}`);
  }
  const services = only ?? await readServiceNames(zk);
  const released: string[] = [];
  for (const service of services) {
    const operations = [
      ...transactions.releaseQuarantine(service, host),
      ...await tellOfHost(zk, word, { order: "hosts release-quarantine", service, host }),
    ];
    if (await applyIfUnchanged(zk, operations)) released.push(service);
  }
  if (released.length > 0) return released;
  throw new QuarantineReleaseError(
    `release the quarantine of ${host}: it is in quarantine for none of its ` +
      "services; rollcall hosts list shows who is",
  );
}
