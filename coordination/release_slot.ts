/**
 * Freeing a slot whose machine is gone for good: what an operator does about it, where the host itself goes on, on another
 * machine.
 *
 * @module
 */

import { describeForeignName, quoteForeign } from "../base/names.ts";
import {
  type Current,
  currentPath,
  currentSchema,
  decodeNode,
  decodeSlot,
  isHeldElsewhere,
  isOfSession,
  ROOT,
  servicePath,
  type Slot,
  slotsPath,
  transactions,
} from "../rollout/mod.ts";
import type { ZooKeeper } from "../zookeeper/mod.ts";
import { applyDecision } from "./apply.ts";
import { ifReadable, readNodes } from "./entry_reader.ts";
import { readServiceNames } from "./forget_host.ts";
import { tellOfHost, type ToldWord } from "./history.ts";

/** The slot cannot be freed. */
export class SlotReleaseError extends Error {
  /** Stable name of the error. */
  readonly code = "SLOT_RELEASE";
  override readonly name = "SlotReleaseError";
}

/**
 * Frees the slots in a host's name, in one transaction per service.
 *
 * @param how.only The services to look at; default all.
 * @param how.word Who does so, and why: told in the record of the newest rollout. Default: nothing is told.
 * @param how.force Whether to do so also where its machine is online, and may be down for it. Default: no.
 * @returns The services in which it had one, with the slot.
 * @throws {SlotReleaseError} when the machine that holds one is online, or when there is none.
 */
export async function releaseSlot(
  zk: ZooKeeper,
  host: string,
  { only, force = false, word }: {
    readonly only?: readonly string[] | undefined;
    readonly force?: boolean;
    readonly word?: ToldWord | undefined;
  } = {},
): Promise<Map<string, Slot>> {
  const wrong = describeForeignName([host, ...only ?? []]);
  if (wrong !== null) {
    throw new SlotReleaseError(`release the slot of ${quoteForeign(host)}: ${wrong}`);
  }
  const services = only ?? await readServiceNames(zk);
  const released = new Map<string, Slot>();
  for (const service of services) {
    const slot = await releaseIn(zk, { service, host, force, word });
    if (slot !== null) released.set(service, slot);
  }
  if (released.size === 0) {
    throw new SlotReleaseError(
      `release the slot of ${host}: it holds none; rollcall hosts list shows who holds one`,
    );
  }
  return released;
}

async function releaseIn(
  zk: ZooKeeper,
  { service, host, force, word }: {
    readonly service: string;
    readonly host: string;
    readonly force: boolean;
    readonly word: ToldWord | undefined;
  },
): Promise<Slot | null> {
  return await applyDecision(zk, async () => {
    await zk.sync(ROOT);
    const [slotNode = null, rosterNode = null, currentNode = null] = await readNodes(zk, [
      slotsPath(service, host),
      servicePath(service, host),
      currentPath(service, host),
    ]);
    const slot = decodeSlot(service, host, slotNode);
    if (slot === null || slotNode === null) return { operations: [], result: () => null };
    const isOnline = isOfSession(currentNode, { ifUnknown: true });
    const path = currentPath(service, host);
    const own: Current | null = isOnline
      ? ifReadable(() => decodeNode(currentSchema, currentNode, path))?.entry ?? null
      : null;
    if (!force && isOnline && (own === null || !isHeldElsewhere(slot, own))) {
      throw new SlotReleaseError(
        `release the slot of ${host}: the machine that took it for ${service} is online, and gives it back by itself; ` +
          "if it cannot, stop its agent first, or use --force: another host may go down beside it then",
      );
    }
    const released = {
      znodeVersion: "version" in slotNode ? slotNode.version : -1,
      epoch: rosterNode !== null && "version" in rosterNode ? rosterNode.version : null,
    };
    const operations = [
      ...transactions.releaseSlot(released, { service, host }),
      ...await tellOfHost(zk, word, { order: "hosts release-slot", service, host }),
    ];
    return { operations, result: () => slot };
  });
}
