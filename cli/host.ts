/**
 * `rollcall host`: what an operator does about a single host.
 *
 * @module
 */

import { forgetHost } from "../coordination/mod.ts";
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
