/**
 * `rollcall hosts`: the hosts of the fleet, and what an operator does about a single one.
 *
 * @module
 */

import { systemClock } from "../base/clock.ts";
import { forgetHost, readFleet, releaseQuarantine, releaseSlot } from "../coordination/mod.ts";
import { listHosts } from "./hosts_list.ts";
import { operatorWord } from "./shared/operator.ts";
import { withZooKeeper } from "./shared/zookeeper_session.ts";
import { writeJson, writeLine } from "./shared/output.ts";
import { terminalColumns } from "./shared/terminal.ts";
import { plain } from "./shared/terminal_text.ts";

/** `hosts list`: each host with what it runs, and what is known of it. */
export async function listHostsCommand(
  options: { readonly zookeeper: string; readonly json: boolean },
): Promise<void> {
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const fleet = await readFleet(zookeeper);
    if (options.json) return writeJson(fleet.services);
    const columns = terminalColumns(Infinity);
    writeLine(listHosts(plain(fleet), { nowMs: systemClock.wallTimeMs(), columns }));
  });
}

/** What an operator says about one host, and where. */
interface HostWordOptions {
  readonly zookeeper: string;
  /** Default: all services. */
  readonly service?: string | undefined;
  readonly reason?: string | undefined;
}

/** `hosts forget`: takes a host that will not come back off the rosters and frees its slots. */
export async function forgetHostCommand(
  host: string,
  options: HostWordOptions,
): Promise<void> {
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const only = options.service === undefined ? undefined : [options.service];
    const services = await forgetHost(zookeeper, host, { only, word: operatorWord(options) });
    writeLine(
      `Forgot ${host} for ${services.join(", ")}: off the roster, and no slot is held in its name.`,
    );
  });
}

/** `hosts release-slot`: frees a slot in a host's name whose machine is gone for good. */
export async function releaseSlotCommand(
  host: string,
  options: HostWordOptions & { readonly force: boolean },
): Promise<void> {
  const { zookeeper: servers, service, force } = options;
  const word = operatorWord(options);
  await withZooKeeper(servers, async (zookeeper) => {
    const only = service === undefined ? undefined : [service];
    for (const [of, slot] of await releaseSlot(zookeeper, host, { only, force, word })) {
      writeLine(`Freed the slot of ${host} for ${of}: it was at ${slot.step}, to ${slot.to}.`);
      writeLine(
        "Its slot holds nobody up any more: if its service is down, another host may go down beside it. The host stays on the " +
          "roster and counts as away until it serves.",
      );
    }
  });
}

/** `hosts release-quarantine`: has a host counted again whose service was started again too often. */
export async function releaseQuarantineCommand(
  host: string,
  options: HostWordOptions,
): Promise<void> {
  const word = operatorWord(options);
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const only = options.service === undefined ? undefined : [options.service];
    for (const service of await releaseQuarantine(zookeeper, host, { only, word })) {
      writeLine(
        `Ended the quarantine of ${host} for ${service}: it counts again within ten seconds.`,
      );
    }
  });
}
