/** From an address or an accepted socket to a connection whose handshake (BEP 3) is done, within a deadline. */

import { type Clock, sleep } from "../../../base/clock.ts";
import { decodeHandshake, encodeHandshake, type Handshake, HANDSHAKE_BYTES } from "./handshake.ts";
import { ProtocolViolation } from "./messages.ts";
import type { Connection } from "./peer_socket.ts";

/** For both connecting and shaking hands: ample within and between data centers. */
const DEADLINE_MS = 10_000;

/** Who we are to the peer. */
export interface OwnIdentity {
  /** 40 hexadecimal digits. */
  readonly infoHash: string;
  /** 40 hexadecimal digits. */
  readonly peerId: string;
}

/** A connection with both handshakes done. */
export interface EstablishedConnection {
  readonly connection: Connection;
  readonly handshake: Handshake;
  /** "address:port" of the other end. */
  readonly address: string;
}

/** Where a peer's connection came from. */
export interface Provenance extends EstablishedConnection {
  /** Whether we dialled. */
  readonly isOutgoing: boolean;
}

/**
 * Connects and says who we are first. Rejects with what went wrong: refused, too late, another info
 * hash, or ourselves at the other end.
 */
export async function dial(
  address: string,
  own: OwnIdentity,
  options: { clock: Clock; signal: AbortSignal },
): Promise<EstablishedConnection> {
  const { hostname, port } = parseAddress(address);
  const deadline = new AbortController();
  const stop = () => deadline.abort();
  options.signal.addEventListener("abort", stop);
  const late = sleep(options.clock, DEADLINE_MS, deadline.signal).then(stop);
  let connection: Deno.TcpConn | undefined;
  const closeLate = () => connection?.close();
  try {
    connection = await Deno.connect({ hostname, port, signal: deadline.signal });
    deadline.signal.throwIfAborted();
    deadline.signal.addEventListener("abort", closeLate, { once: true });
    connection.setNoDelay(true);
    await writeAll(connection, encodeHandshake(own.infoHash, own.peerId));
    const handshake = await readHandshake(connection);
    expectPeer(handshake, own);
    return { connection, handshake, address };
  } catch (error) {
    if (!deadline.signal.aborted) connection?.close();
    else if (connection !== undefined) closeQuietly(connection);
    throw error;
  } finally {
    deadline.signal.removeEventListener("abort", closeLate);
    options.signal.removeEventListener("abort", stop);
    stop();
    await late;
  }
}

/**
 * Hears who is there, then says who we are if `find` knows the info hash. Undefined, and the
 * connection closed, for everything else. To end it early, close the connection.
 */
export async function answer(
  connection: Deno.TcpConn,
  find: (infoHash: string) => OwnIdentity | undefined,
  clock: Clock,
): Promise<EstablishedConnection | undefined> {
  const done = new AbortController();
  const late = sleep(clock, DEADLINE_MS, done.signal).then(() => {
    if (!done.signal.aborted) closeQuietly(connection);
  });
  try {
    connection.setNoDelay(true);
    const handshake = await readHandshake(connection);
    const own = find(handshake.infoHash);
    if (own === undefined) throw new ProtocolViolation("handshake: no such release is served here");
    expectPeer(handshake, own);
    await writeAll(connection, encodeHandshake(own.infoHash, own.peerId));
    const { hostname, port } = connection.remoteAddr;
    return { connection, handshake, address: formatAddress(hostname, port) };
  } catch {
    // Strangers, scanners, encrypted attempts: they may come back in clear, and nobody need know.
    closeQuietly(connection);
    return undefined;
  } finally {
    done.abort();
    await late;
  }
}

/** "address:port" with IPv6 addresses in brackets. */
export function formatAddress(hostname: string, port: number): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** The other way round. */
export function parseAddress(address: string): { hostname: string; port: number } {
  const colon = address.lastIndexOf(":");
  return {
    hostname: address.slice(0, colon).replace(/^\[(.*)\]$/, "$1"),
    port: Number(address.slice(colon + 1)),
  };
}

function expectPeer(handshake: Handshake, own: OwnIdentity): void {
  if (handshake.infoHash !== own.infoHash) {
    throw new ProtocolViolation(
      `handshake: expected info hash ${own.infoHash}, there was ${handshake.infoHash}`,
    );
  }
  if (handshake.peerId === own.peerId) {
    throw new ProtocolViolation("handshake: expected a peer, it was ourselves");
  }
}

async function readHandshake(connection: Connection): Promise<Handshake> {
  const bytes = new Uint8Array(HANDSHAKE_BYTES);
  for (let at = 0; at < bytes.length;) {
    const sizeBytes = await connection.read(bytes.subarray(at));
    if (sizeBytes === null) throw new ProtocolViolation("handshake: the peer hung up");
    at += sizeBytes;
  }
  return decodeHandshake(bytes);
}

async function writeAll(connection: Connection, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

function closeQuietly(connection: Connection): void {
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
}
