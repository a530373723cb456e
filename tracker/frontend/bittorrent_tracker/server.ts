/**
 * The HTTP and UDP server of `npm:bittorrent-tracker` as a frontend, with this tracker's swarms behind it and its pages
 * beside it, without WebSockets. It is loaded only if it is asked for. What would harm others, or lose what Rollcall's
 * engines tell, is put right on the way in and out:
 *
 * - Over UDP its only connection id is a number known to all, so anybody could make it send to somebody else; and it
 *   puts whatever address a peer says into the swarm.
 * - Over UDP it ignores URL data (BEP 41), and answers IPv6 peers with IPv4 addresses.
 * - Its encoder takes bytes above 127 for text: info hashes in scrapes and peer ids would be wrong.
 */

import { Buffer } from "node:buffer";
import type { RemoteInfo } from "node:dgram";
import type { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import Server from "bittorrent-tracker/server";
import { MAX_SCRAPED, parseUrlData, type RollcallFields } from "../announce_parser.ts";
import { SharedSwarm, toBytes } from "./swarm.ts";
import {
  Action,
  type Callback,
  type PackageAnnounce,
  type PackageRequest,
  type PackageResponse,
  type PackageServerConstructor,
  type PackageSwarm,
} from "./types.ts";
import { withoutMapping } from "../../../base/ip_address.ts";
import { DEFAULT_HTTP_LIMITS } from "../../../http/mod.ts";
import { ConnectionIds } from "../connection_ids.ts";
import type { Frontend, FrontendOptions } from "../frontend.ts";
import { PROTOCOL_ID, readUrlData } from "../udp.ts";

const CONNECT_BYTES = 16;
const ANNOUNCE_BYTES = 98;
/** The bytes of a UDP announce with the address that the peer says it has. */
const CLAIMED_ADDRESS = { begin: 84, end: 88 };

const PackageServer = Server as unknown as PackageServerConstructor;

/** Opens the package's server as a frontend; see {@link OpenFrontend}. */
export async function openBittorrentTracker(options: FrontendOptions): Promise<Frontend> {
  const { hostname } = options;
  const server = new SharedServer(options);
  // The package's own `listen` binds HTTP and UDP at once: a free port would be a different one for each, and an IPv4
  // address fails on the IPv6 socket that it always has. So they are bound one after the other, and of the UDP sockets
  // only the one of the address's family.
  const udp = hostname.includes(":") ? server.udp6 : server.udp4;
  const other = hostname.includes(":") ? server.udp4 : server.udp6;
  other?.close();
  if (other === server.udp4) server.udp4 = null;
  else server.udp6 = null;
  try {
    await listening(server, server.http, () => server.http.listen(options.port, hostname));
    const { port } = server.http.address() as AddressInfo;
    if (udp !== null) await listening(server, udp, () => udp.bind(port, hostname));
    server.on("error", options.onError);
    return { port, close: () => server.end() };
  } catch (cause) {
    await server.end();
    throw cause;
  }
}

/** Begins to listen; resolves once it does. Errors of the sockets are events of the server. */
function listening(server: EventEmitter, socket: EventEmitter, begin: () => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  socket.once("listening", () => {
    server.off("error", reject);
    resolve();
  });
  begin();
  return promise;
}

class SharedServer extends PackageServer {
  readonly #options: FrontendOptions;
  readonly #ids: ConnectionIds;
  /** Where the datagram that is being read comes from, and what it tells in its URL data. */
  #datagram: { readonly ip: string; readonly fields: RollcallFields | undefined } | undefined;
  /** The number of requests that the package's parsers accepted. */
  #parsed = 0;

  constructor(options: FrontendOptions) {
    super({
      http: true,
      // Otherwise a port that another process has would be shared, and each would get some of the datagrams.
      udp: options.udp ? { reuseAddr: false } : false,
      ws: false,
      // The package's statistics are of its own caches, which stay empty.
      stats: false,
    });
    this.#options = options;
    const { maxConnections, headTimeoutMs, idleTimeoutMs } = DEFAULT_HTTP_LIMITS;
    this.http.maxConnections = maxConnections;
    this.http.headersTimeout = headTimeoutMs;
    this.http.requestTimeout = headTimeoutMs;
    this.http.keepAliveTimeout = idleTimeoutMs;
    this.#ids = new ConnectionIds(options.clock);
  }

  /** Called by the base for each announce. Swarms are never kept here, so none stays when it is empty. */
  override getSwarm(infoHash: string, callback: Callback<PackageSwarm>): void {
    const { swarms, onError } = this.#options;
    const fieldsOf = (announce: PackageAnnounce) => this.#fieldsOf(announce);
    callback(null, new SharedSwarm(infoHash, { swarms, fieldsOf, onError }));
  }

  override onHttpRequest(request: IncomingMessage, response: ServerResponse): void {
    const [path = ""] = (request.url ?? "").split("?", 1);
    if (path !== "/announce" && path !== "/scrape") {
      this.#servePage(request, response, path).catch(this.#options.onError);
      return;
    }
    const before = this.#parsed;
    super.onHttpRequest(request, response);
    if (this.#parsed === before) this.#options.counters.refusals++;
  }

  override onUdpRequest(datagram: Buffer, from: RemoteInfo): void {
    const before = this.#parsed;
    const ip = withoutMapping(from.address);
    if (this.#admit(datagram, ip)) {
      const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
      this.#datagram = { ip, fields: parseUrlData(readUrlData(view)) };
      super.onUdpRequest(datagram, from);
      this.#datagram = undefined;
    }
    if (this.#parsed === before) this.#options.counters.udpIgnored++;
  }

  /** Called by the base with a request that its parsers accepted. */
  override _onRequest(request: PackageRequest, callback: Callback<PackageResponse>): void {
    this.#parsed++;
    const { counters } = this.#options;
    if (request.action === Action.Connect && this.#datagram !== undefined) {
      const id = Buffer.alloc(8);
      id.writeBigUInt64BE(this.#ids.idFor(this.#datagram.ip));
      request.connectionId = id;
    }
    const problem = request.action === Action.Scrape ? scrapeProblem(request.info_hash) : undefined;
    if (problem !== undefined) {
      counters.refusals++;
      callback(new Error(problem));
      return;
    }
    super._onRequest(request, (error, response) => {
      if (error !== null || response === undefined) counters.refusals++;
      else {
        this.#count(request);
        this.#mend(request, response);
      }
      callback(error, response);
    });
  }

  /** Closes the sockets; resolves when they are closed. */
  async end(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.close(resolve);
    this.http.closeAllConnections();
    await promise;
  }

  /** Whether a datagram is to be parsed; if so, it is changed to what the package's parser accepts. */
  #admit(datagram: Buffer, ip: string): boolean {
    if (datagram.length < CONNECT_BYTES) return false;
    const action = datagram.readUInt32BE(8);
    if (action === Action.Connect) return true;
    if (!this.#ids.isValid(datagram.readBigUInt64BE(0), ip)) return false;
    datagram.writeBigUInt64BE(PROTOCOL_ID, 0);
    if (action === Action.Announce && datagram.length >= ANNOUNCE_BYTES) {
      datagram.fill(0, CLAIMED_ADDRESS.begin, CLAIMED_ADDRESS.end);
    }
    return true;
  }

  #fieldsOf({ httpReq }: PackageAnnounce): RollcallFields | undefined {
    // Taken from the query itself, since the package's parser has decoded names as if they were bytes.
    return httpReq === undefined ? this.#datagram?.fields : parseUrlData(httpReq.url ?? "");
  }

  #count({ type, action }: PackageRequest): void {
    const { counters } = this.#options;
    if (action === Action.Connect) counters.udpConnects++;
    else if (action === Action.Announce) counters[`${type}Announces`]++;
    else counters[`${type}Scrapes`]++;
  }

  /** Corrects what the package would encode wrongly. */
  #mend(request: PackageRequest, response: PackageResponse): void {
    if (request.action === Action.Scrape) {
      response.files = this.#scraped(request.info_hash ?? [], request.type);
    } else if (request.action === Action.Announce && request.type === "udp") {
      const isIpv6 = withoutMapping(request.ip).includes(":");
      if (isIpv6 && response.peers6 !== undefined) response.peers = response.peers6;
    } else if (request.action === Action.Announce && Array.isArray(response.peers)) {
      for (const peer of response.peers) {
        // A query may also ask for the form without peer ids.
        if (typeof peer["peer id"] === "string") {
          peer["peer id"] = Buffer.from(peer["peer id"], "latin1");
        }
      }
    }
  }

  #scraped(hashes: readonly string[], type: PackageRequest["type"]): object {
    const entries = hashes.map((hash) =>
      [hash, this.#options.swarms.scrape(toBytes(hash))] as const
    );
    // Over UDP only the order of the entries matters.
    if (type === "udp") return Object.fromEntries(entries);
    // Its encoder sorts keys by their text; hexadecimal digits sort as the bytes do.
    return new Map(entries.map(([hash, entry]) => [
      Object.assign(Buffer.from(hash, "hex"), { toString: () => hash }),
      entry,
    ]));
  }

  async #servePage(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
  ): Promise<void> {
    if (!this.#options.names.includes(hostOf(request))) {
      response.writeHead(403).end("expected one of the tracker's names\n");
      return;
    }
    const page = await this.#options.pages({ method: request.method ?? "" }, path);
    response.writeHead(page.status, Object.fromEntries(page.headers));
    response.end(await page.text());
  }
}

/** The host that was asked for, without its port. */
function hostOf({ headers }: IncomingMessage): string {
  return (headers.host ?? "").replace(/:\d*$/, "");
}

function scrapeProblem(hashes: readonly string[] | null | undefined): string | undefined {
  if (hashes === undefined || hashes === null || hashes.length === 0) {
    // The package would list every release.
    return "expected at least one info_hash";
  }
  return hashes.length > MAX_SCRAPED ? `expected at most ${MAX_SCRAPED} info hashes` : undefined;
}
