/**
 * `rollcall host`: what operators do about a single host.
 *
 * @module
 */

import { forgetHost } from "../coordination/mod.ts";
import { withZooKeeper } from "./shared/zookeeper_session.ts";
import { writeLine } from "./shared/output.ts";

/** Takes a host that is dead for good out of the fleet. */
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
