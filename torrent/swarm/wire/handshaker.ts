/**
 * This room is the wire protocol: bytes of a socket become messages and messages become bytes, nothing is decided here.
 * This file makes an established connection, one whose handshake (BEP 3) is done, of an address (`dial`) or an accepted
 * socket (`acceptHandshake`); `peer_socket.ts` then reads and writes it, with `frame_reader.ts` and `messages.ts`.
 */

import { formatAddress, withoutMapping } from "../../../base/ip_address.ts";
import { type Clock, sleep } from "../../../base/clock.ts";
import { decodeHandshake, encodeHandshake, type Handshake, HANDSHAKE_BYTES } from "./handshake.ts";
import { ProtocolViolation } from "./messages.ts";
import type { Connection } from "./peer_socket.ts";

/** Time limit on connecting and the handshake together: ample within and between data centers. */
const DEADLINE_MS = 10_000;

/** What we say in our handshake. */
export interface OwnIdentity {
  /** Info hash of the release, 40 hexadecimal digits. */
  readonly infoHash: string;
  /** Our peer id, 40 hexadecimal digits. */
  readonly peerId: string;
}

/** A connection on which both ends have sent their handshake. */
export interface EstablishedConnection {
  readonly connection: Connection;
  /** The peer's handshake. */
  readonly handshake: Handshake;
  /** "address:port" of the other end. */
  readonly address: string;
}

/** An established connection, and which end opened it. */
export interface Provenance extends EstablishedConnection {
  /** Whether we dialled; false: the peer did. */
  readonly isOutgoing: boolean;
}

/**
 * Connects to an address and sends our handshake first. Rejects if the connection is refused, takes too long, has
 * another info hash, or leads to ourselves.
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
 * Waits for the handshake of a peer that has dialled us, and answers it if `find` knows the info hash. For everything
 * else the connection is closed and the result is undefined. To end the wait early, close the connection.
 */
export async function acceptHandshake(
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
    return { connection, handshake, address: formatAddress(withoutMapping(hostname), port) };
  } catch {
    // Port scanners, encrypted handshakes, unknown releases: none of this is worth a line in the log.
    closeQuietly(connection);
    return undefined;
  } finally {
    done.abort();
    await late;
  }
}

/** Splits an "address:port" in which IPv6 addresses stand in brackets. */
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
