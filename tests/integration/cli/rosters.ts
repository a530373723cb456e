/** Hosts that the fleet knows, for the tests of commands that need some. */

import { ensureSkeleton, joinRoster } from "../../../coordination/mod.ts";
import { SCHEMA_VERSION } from "../../../rollout/mod.ts";
import { ZooKeeper } from "../../../zookeeper/mod.ts";
import { type Servers } from "./rollcall_process.ts";

/** Hosts on the rosters of A and B, none of them online. */
export async function enlist(servers: Servers, hosts: readonly string[]): Promise<void> {
  await using zookeeper = new ZooKeeper(servers.zookeeper);
  await ensureSkeleton(zookeeper, 0);
  for (const service of ["A", "B"]) {
    for (const host of hosts) {
      await joinRoster(zookeeper, service, {
        host,
        roster: { schema: SCHEMA_VERSION, site: "s1", rack: "r1" },
      });
    }
  }
}
