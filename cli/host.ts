/**
 * `rollcall host`: what an operator does about a single host.
 *
 * @module
 */

import { forgetHost, releaseSlot } from "../coordination/mod.ts";
import { withZooKeeper } from "./shared/zookeeper_session.ts";
import { writeLine } from "./shared/output.ts";

/** `host forget`: takes a host that will not come back off the rosters and frees its slots. */
export async function forgetHostCommand(
  host: string,
  options: { readonly zookeeper: string; readonly service?: string | undefined },
): Promise<void> {
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const only = options.service === undefined ? undefined : [options.service];
    const services = await forgetHost(zookeeper, host, only);
    writeLine(`Forgot ${host} for ${services.join(", ")}: off the roster, its slot free.`);
  });
}

/** `host release-slot`: frees a slot in a host's name whose machine is gone for good. */
export async function releaseSlotCommand(
  host: string,
  options: { readonly zookeeper: string; readonly service?: string | undefined },
): Promise<void> {
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const only = options.service === undefined ? undefined : [options.service];
    for (const [service, slot] of await releaseSlot(zookeeper, host, only)) {
      writeLine(`Freed the slot of ${host} for ${service}: it was at ${slot.step}, to ${slot.to}.`);
    }
  });
}
