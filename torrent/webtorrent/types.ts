/**
 * Types of those parts of WebTorrent 3.0.21 that the engine uses; the package has none. Names that begin with an underscore
 * are internal to the package, which is why its version is pinned.
 */

import type { EventEmitter } from "node:events";

/** One connection to a peer (package bittorrent-protocol). */
export interface Wire extends EventEmitter {
  /** 40 hexadecimal digits. */
  readonly peerId: string;
  readonly type: string;
  readonly remoteAddress?: string;
  readonly destroyed: boolean;
  /** Sent once, right after the "wire" event. */
  readonly extendedHandshake: Record<string, unknown>;
  /** Replaced when the peer's arrives. */
  peerExtendedHandshake: Record<string, unknown>;
  destroy(): void;
}

/** A connection with its attempts to connect. */
export interface WirePeer {
  readonly wire: Wire | null;
  /** From 3 on the library does not dial the peer again. */
  retries: number;
}

/** A torrent of a client. */
export interface WebTorrentTorrent extends EventEmitter {
  readonly wires: readonly Wire[];
  readonly downloadSpeed: number;
  readonly uploadSpeed: number;
  readonly destroyed: boolean;
  /** The metadata that it would send to peers without a .torrent. */
  metadata: Uint8Array | null;
  readonly _peers: ReadonlyMap<string, WirePeer> | null;
  /** Requests from one peer what may be requested. While it is replaced by an empty function, nothing is requested. */
  _updateWire: (wire: Wire) => unknown;
  /** Requests from all peers. */
  _update(): void;
  addPeer(address: string): boolean;
  destroy(options: Record<string, never>, callback: (error?: Error | null) => void): void;
}

/** A torrent as WebTorrent's parser would describe it. */
export interface ParsedTorrent {
  readonly infoHash: string;
  readonly info: Record<string, never>;
  readonly name: string;
  readonly private: boolean;
  readonly announce: string[];
  readonly urlList: string[];
  readonly files: { path: string; name: string; length: number; offset: number }[];
  readonly length: number;
  readonly pieceLength: number;
  readonly lastPieceLength: number;
  /** SHA-1 of every piece in hexadecimal. */
  readonly pieces: string[];
}

/** What a torrent is added with. */
export interface AddOptions {
  readonly preloadedStore: ChunkStore;
  readonly storeCacheSlots: number;
  readonly bitfield?: Uint8Array;
  readonly skipVerify?: boolean;
  readonly uploads: number;
}

/** Where pieces are kept (package abstract-chunk-store). */
export interface ChunkStore {
  readonly chunkLength: number;
  put(index: number, bytes: Uint8Array, callback: (error?: Error | null) => void): void;
  get(
    index: number,
    options: { offset?: number; length?: number } | null,
    callback: (error: Error | null, bytes?: Uint8Array) => void,
  ): void;
  close(callback: (error?: Error | null) => void): void;
  destroy(callback: (error?: Error | null) => void): void;
}

/** A client with its listening socket. */
export interface WebTorrentClient extends EventEmitter {
  readonly peerId: string;
  readonly torrentPort: number;
  readonly listening: boolean;
  readonly destroyed: boolean;
  add(torrent: ParsedTorrent, options: AddOptions): WebTorrentTorrent;
  destroy(callback: (error?: Error | null) => void): void;
}

/** The options that the engine sets. */
export interface WebTorrentOptions {
  /** Passed on to `listen` of node:net as it is, so that it may name the host as well. */
  readonly torrentPort: { port: number; host: string };
  readonly dht: false;
  readonly lsd: false;
  readonly utPex: false;
  readonly natUpnp: false;
  readonly natPmp: false;
  readonly utp: false;
  readonly webSeeds: false;
  readonly tracker: false;
  readonly secure: 0;
  readonly maxConns: number;
}
