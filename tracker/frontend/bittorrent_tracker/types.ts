/** Types of those parts of bittorrent-tracker 11.2.3's server that are used here; the package has none. */

import type { Buffer } from "node:buffer";
import type { RemoteInfo, Socket } from "node:dgram";
import type { EventEmitter } from "node:events";
import type { IncomingMessage, Server as HttpServer, ServerResponse } from "node:http";

/** The package's numbers for the kinds of requests (BEP 15), over HTTP too. */
export const Action = { Connect: 0, Announce: 1, Scrape: 2 } as const;

/** A request as its parsers return it. Over HTTP it also holds every further key of the query. */
export type PackageRequest =
  & {
    readonly type: "http" | "udp";
    /** Only over HTTP. */
    readonly httpReq?: IncomingMessage;
    /** Only over UDP; the reply to a connect carries it. */
    connectionId?: Uint8Array;
  }
  & (
    | { readonly action: typeof Action.Connect }
    | ({ readonly action: typeof Action.Announce } & PackageAnnounce)
    | { readonly action: typeof Action.Scrape; readonly info_hash?: readonly string[] | null }
  );

/** An announce; hashes and ids are 40 hexadecimal digits. */
export interface PackageAnnounce {
  readonly type: "http" | "udp";
  readonly httpReq?: IncomingMessage;
  readonly info_hash: string;
  readonly peer_id: string;
  /** Of the socket, without the prefix of mapped IPv4 addresses; over UDP with it. */
  readonly ip: string;
  /** Over HTTP not always whole. */
  readonly port: number;
  /** Infinity if the peer did not say; may be negative. */
  readonly left: number;
  /** Over HTTP as the query has them, if it does. */
  readonly uploaded?: unknown;
  readonly downloaded?: unknown;
  /** At most 82; may be negative. */
  readonly numwant: number;
  /** "update", "started", "stopped", "completed", "paused"; over HTTP whatever the query says. */
  readonly event?: unknown;
}

/** A swarm's answer to an announce; intervals are in seconds where they do not say milliseconds, `peerId` is in hexadecimal. */
export interface PackageAnswer {
  readonly complete: number;
  readonly incomplete: number;
  readonly interval: number;
  readonly "min interval": number;
  readonly peers: readonly { ip: string; port: number; peerId: string }[];
  readonly reach?: string;
  readonly stripes?: string;
  readonly "interval ms"?: number;
}

/** The response that the server makes of it, before it is encoded. */
export interface PackageResponse {
  /** Encoded by family, or as dictionaries. */
  peers?: Uint8Array | readonly { "peer id": string | Uint8Array }[];
  readonly peers6?: Uint8Array;
  /** Of a scrape; the package's keys are info hashes with one character per byte. */
  files?: object;
}

/** A callback in the style of Node. */
export type Callback<Value> = (error: Error | null, value?: Value) => void;

/** The base class of swarms. */
export interface PackageSwarm {
  announce(request: PackageAnnounce, callback: Callback<PackageAnswer>): void;
  scrape(request: unknown, callback: Callback<{ complete: number; incomplete: number }>): void;
}

/** The package's server. */
export interface PackageServer extends EventEmitter {
  readonly http: HttpServer;
  udp4: Socket | null;
  udp6: Socket | null;
  close(callback: () => void): void;
  getSwarm(infoHash: string, callback: Callback<PackageSwarm>): void;
  onHttpRequest(request: IncomingMessage, response: ServerResponse, options?: object): void;
  onUdpRequest(datagram: Buffer, from: RemoteInfo): void;
  _onRequest(request: PackageRequest, callback: Callback<PackageResponse>): void;
}

/** The constructor of {@link PackageServer}. */
export interface PackageServerConstructor {
  new (options: {
    http: true;
    /** Options of its sockets. */
    udp: false | { reuseAddr: boolean };
    ws: false;
    stats: false;
  }): PackageServer;
  readonly Swarm: new (
    infoHash: string,
    options: { peersCacheLength: number },
  ) => PackageSwarm;
}
