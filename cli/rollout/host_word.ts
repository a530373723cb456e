/**
 * `rollcall rollout retry HOST` and `rollout skip HOST`: orders about one host in a rollout.
 *
 * @module
 */

import { type HostRequest, retryHost, skipHost } from "../../coordination/mod.ts";
import { operatorWord } from "../shared/operator.ts";
import { writeLine } from "../shared/output.ts";
import { withZooKeeper } from "../shared/zookeeper_session.ts";
import { tellStops } from "./stops.ts";

/** Options of both. */
export interface HostWordOptions {
  readonly zookeeper: string;
  readonly service?: string | undefined;
  readonly reason?: string | undefined;
}

/** `rollout retry`: a host whose switch has failed, or that was left out, tries again. */
export async function retryHostCommand(host: string, options: HostWordOptions): Promise<void> {
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const request = requestOf(host, options);
    const { service, slot } = await retryHost(zookeeper, request);
    const before = slot.skipped === undefined ? `it had failed: ${slot.reason}` : slot.reason;
    writeLine(`${host}: ${service} ${slot.to} is tried again, by ${request.by} (${before}).`);
    await tellStops(zookeeper, "It begins when control runs again");
  });
}

/** `rollout skip`: the rollout goes on without a host. */
export async function skipHostCommand(host: string, options: HostWordOptions): Promise<void> {
  await withZooKeeper(options.zookeeper, async (zookeeper) => {
    const request = requestOf(host, options);
    const { service, slot } = await skipHost(zookeeper, request);
    const stays = slot.from === null
      ? "It may come back on either version"
      : `It stays on ${slot.from}`;
    writeLine(
      `${host}: ${service} ${slot.to} goes on without it, ${slot.reason}. ${stays}; it goes along with the next rollout, or ` +
        `with: rollcall rollout retry ${host}`,
    );
    await tellStops(zookeeper, "The others go on when control runs again");
  });
}

function requestOf(host: string, options: HostWordOptions): HostRequest {
  return { host, service: options.service, ...operatorWord(options) };
}
