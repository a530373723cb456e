/** Our engines, for tests that hold for each of them. */

import {
  createSwarmEngine,
  createWebtorrentEngine,
  type TorrentEngine,
} from "../../../../torrent/mod.ts";

/** What the engines here are started with. */
type OwnEngineOptions = Parameters<typeof createWebtorrentEngine>[0];

/** An engine of ours. */
export interface OwnEngine {
  readonly name: string;
  readonly create: (options: OwnEngineOptions) => Promise<TorrentEngine>;
}

/** All of them. */
export const ENGINES: readonly OwnEngine[] = [
  { name: "swarm", create: createSwarmEngine },
  { name: "webtorrent", create: createWebtorrentEngine },
];
