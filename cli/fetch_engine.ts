/**
 * The engine of `rollcall fetch` and `rollcall seed`, as their options ask for it.
 *
 * @module
 */

import { allocateFile } from "../ffi/mod.ts";
import { createWebtorrentEngine, type TorrentEngine } from "../torrent/mod.ts";
import type { EngineName } from "./fetch_engine_names.ts";
import type { Log } from "./logging.ts";

/** How this host is seen, and by which engine it is served. */
export interface EngineChoice {
  readonly engine: EngineName;
  readonly host?: string | undefined;
  readonly site: string;
  readonly rack: string;
  readonly torrentPort: number;
}

/** Opens the engine. Rejects with a `TransferError` if its port is taken. */
export async function openEngine(choice: EngineChoice, log: Log): Promise<TorrentEngine> {
  const { site, rack, torrentPort } = choice;
  // Not the machine's own name: an agent or a publish on it has that already, and to the tracker one name is one host.
  const host = choice.host ?? `${Deno.hostname()}-by-hand-${Deno.pid}`;
  return await createWebtorrentEngine({
    locality: { host, site, rack },
    listenPort: torrentPort,
    // A full disk shows before the download, not in the middle of it.
    preallocate: allocateFile,
    log,
  });
}
