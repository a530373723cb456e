/**
 * Makes the torrent engine that the agent's config asks for.
 *
 * @module
 */

import { allocateFile } from "../../ffi/mod.ts";
import type { Log } from "../../base/log.ts";
import { createSwarmEngine, ENGINES, type TorrentEngine } from "../../torrent/mod.ts";
import type { AgentConfig } from "../config/agent_config.ts";

/** Opens the engine. @throws {TransferError} when the torrent port is in use. */
export async function createEngine(
  config: Pick<AgentConfig, "host" | "site" | "rack" | "torrentPort" | "engine" | "limits">,
  log: Log,
): Promise<TorrentEngine> {
  const { host, site, rack, limits } = config;
  const options = {
    locality: { host, site, rack },
    listenPort: config.torrentPort,
    preallocate: allocateFile,
    log,
  };
  return config.engine === "swarm"
    ? await createSwarmEngine({ ...options, limits })
    : await ENGINES[config.engine](options);
}
