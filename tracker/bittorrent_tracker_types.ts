/** The parts of bittorrent-tracker 11.2.3's server that are used here; it brings no types. */

import type { EventEmitter } from "node:events";
import type { Server as HttpServer } from "node:http";

/** An announce or scrape as its parser leaves it; every further query key is there as well. */
export interface AnnounceParams {
  readonly event?: string;
  /** 40 hexadecimal digits. */
  readonly peer_id: string;
  /** Of the socket, without the prefix of mapped IPv4 addresses. */
  readonly ip: string;
  readonly port: number;
  /** "ip:port", an IPv6 address in brackets. */
  readonly addr: string;
  /** Infinity if the peer did not say. */
  readonly left: number;
  readonly numwant: number;
  readonly [key: string]: unknown;
}

/** What a swarm answers; `interval` in seconds. */
export interface AnnounceAnswer {
  readonly complete: number;
  readonly incomplete: number;
  readonly interval?: number;
  readonly "min interval"?: number;
  readonly peers: readonly { ip: string; port: number; peerId: string }[];
}

/** Node's form of a result. */
export type Callback<Value> = (error: Error | null, value?: Value) => void;

/** The base of swarms. */
export interface BaseSwarm {
  complete: number;
  incomplete: number;
}

/** Constructor of {@link BaseSwarm}. */
export type BaseSwarmConstructor = new (
  infoHash: string,
  server: { peersCacheLength?: number; peersCacheTtl?: number },
) => BaseSwarm;

/** The server; `torrents` holds its swarms by info hash. */
export interface BaseServer extends EventEmitter {
  readonly http: HttpServer;
  readonly torrents: Record<string, unknown>;
  listen(port: number, hostname: string): void;
  close(callback: () => void): void;
  createSwarm(infoHash: string, callback: Callback<unknown>): void;
}

/** Constructor of {@link BaseServer}. */
export interface BaseServerConstructor {
  new (options: {
    http: true;
    udp: false;
    ws: false;
    stats: false;
    interval: number;
    peersCacheLength: number;
    filter: (infoHash: string, params: unknown, callback: (error?: Error) => void) => void;
  }): BaseServer;
  readonly Swarm: BaseSwarmConstructor;
}
