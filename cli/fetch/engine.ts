/**
 * The engine of `rollcall fetch` and `rollcall seed`, as their options ask for it.
 *
 * @module
 */

import { allocateFile } from "../../ffi/mod.ts";
import type { Locality } from "../../base/locality.ts";
import { type EngineName, ENGINES, type TorrentEngine } from "../../torrent/mod.ts";
import type { Log } from "../shared/logging.ts";

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
  return await ENGINES[choice.engine]({
    locality: localityOf(choice),
    listenPort: choice.torrentPort,
    // A full disk shows before the download, not in the middle of it.
    preallocate: allocateFile,
    log,
  });
}

/**
 * Where this host stands. Its name is not the machine's own: an agent or a publish on it has that already, and to the
 * tracker one name is one host.
 */
export function localityOf({ host, site, rack }: EngineChoice): Locality {
  return { host: host ?? `${Deno.hostname()}-by-hand-${Deno.pid}`, site, rack };
}
