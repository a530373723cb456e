/**
 * The engines by name. WebTorrent is loaded only if it is asked for: it brings some hundred packages along, which an agent
 * with Rollcall's own engine need not hold in memory.
 */

import type { EngineOptions, TorrentEngine } from "./engine/engine.ts";
import type { EngineName } from "./engine/engine_names.ts";
import { createSwarmEngine } from "./swarm/mod.ts";

/** Opens an engine. Rejects with a `TransferError` "engine_failed" if its port is taken. */
export type CreateEngine = (options: EngineOptions) => Promise<TorrentEngine>;

/** The function that opens each engine. */
export const ENGINES: Readonly<Record<EngineName, CreateEngine>> = {
  swarm: createSwarmEngine,
  async webtorrent(options) {
    const { createWebtorrentEngine } = await import("./webtorrent/mod.ts");
    return await createWebtorrentEngine(options);
  },
};
