/**
 * Opens the engine that `rollcall fetch` and `rollcall seed` use, as their options choose it.
 *
 * @module
 */

import { allocateFile } from "../../ffi/mod.ts";
import type { Locality } from "../../base/locality.ts";
import type { Log } from "../../base/log.ts";
import { type EngineName, ENGINES, type TorrentEngine } from "../../torrent/mod.ts";

/** The options that choose the engine, its port, and how other peers see this host. */
export interface EngineChoice {
  readonly engine: EngineName;
  readonly host?: string | undefined;
  readonly site: string;
  readonly rack: string;
  readonly torrentPort: number;
}

/** Opens the engine. @throws {TransferError} if its port is in use. */
export async function openEngine(choice: EngineChoice, log: Log): Promise<TorrentEngine> {
  return await ENGINES[choice.engine]({
    locality: localityOf(choice),
    listenPort: choice.torrentPort,
    // With the space allocated, a full disk shows before the download and not in the middle of it.
    preallocate: allocateFile,
    log,
  });
}

/**
 * Where this host stands. Its default name differs from the machine's, because an agent or a publish on the same machine
 * bears that one, and the tracker takes peers of one name for one host.
 */
export function localityOf({ host, site, rack }: EngineChoice): Locality {
  return { host: host ?? `${Deno.hostname()}-by-hand-${Deno.pid}`, site, rack };
}
