/**
 * A UDP socket that answers each datagram at once. It uses `Deno.listenDatagram` where the process may
 * (`"unstable": ["net"]` or `--unstable-net`), since that is nearly twice as fast; else node:dgram.
 */

import { createSocket } from "node:dgram";
import { type Clock, sleep, systemClock } from "../../base/clock.ts";

/** The reply to a datagram from an address, or undefined if it gets none. */
export type Answerer = (datagram: Uint8Array, ip: string) => Uint8Array | undefined;

/** How to listen. */
export interface UdpSocketOptions {
  readonly hostname: string;
  readonly port: number;
  readonly answer: Answerer;
  /** Called with whatever goes wrong with one datagram; the socket goes on. */
  readonly onError: (error: unknown) => void;
}

/** A socket that listens. */
export interface UdpSocket {
  readonly port: number;
  /** Resolves when no datagram is answered any more. */
  close(): Promise<void>;
}

/** Requests have at most 98 bytes and some URL data; a longer one is cut off, and then not understood. */
const MAX_DATAGRAM_BYTES = 4096;

/** The pause after the second failure in a row; the first one may be the fault of one packet and makes no pause. */
const FIRST_PAUSE_MS = 10;
/** The longest pause. Clients ask again after 15 s (BEP 15), so a second more is not noticed; the log gets one line a second. */
const MAX_PAUSE_MS = 1000;

/** The part of a `Deno.DatagramConn` that is used. */
export interface DatagramConn {
  readonly addr: Deno.Addr;
  receive(buffer: Uint8Array): Promise<[Uint8Array, Deno.Addr]>;
  send(bytes: Uint8Array, to: Deno.Addr): Promise<number>;
  close(): void;
}

/** How to serve a socket. */
export interface ServingOptions {
  readonly answer: Answerer;
  /** As in {@link UdpSocketOptions}. */
  readonly onError: (error: unknown) => void;
  /** Ends the loop, also in the middle of a pause; the socket is to be closed right afterwards. */
  readonly signal: AbortSignal;
  /** For the pauses. Default: the system's. */
  readonly clock?: Clock;
}
type ListenDatagram = (
  options: { hostname: string; port: number; transport: "udp" },
) => DatagramConn;

/** Opens a UDP socket and answers its datagrams. Rejects if the port is taken. */
export function listenUdp(options: UdpSocketOptions): Promise<UdpSocket> {
  const { listenDatagram } = Deno as unknown as { listenDatagram?: ListenDatagram };
  return listenDatagram === undefined
    ? listenByNode(options)
    : listenByDeno(options, listenDatagram);
}

async function listenByDeno(
  { hostname, port, answer, onError }: UdpSocketOptions,
  listenDatagram: ListenDatagram,
): Promise<UdpSocket> {
  // Asynchronous only so that this rejects where `listenByNode` does.
  const conn = await Promise.resolve().then(() =>
    listenDatagram({ hostname, port, transport: "udp" })
  );
  const closing = new AbortController();
  const serving = serveDatagrams(conn, { answer, onError, signal: closing.signal });
  return {
    port: (conn.addr as Deno.NetAddr).port,
    async close() {
      closing.abort();
      conn.close();
      await serving;
    },
  };
}

/**
 * Answers datagrams until the signal aborts. A socket that fails again and again is read less and less often, down to once
 * a second, since an endless loop would take the processor from HTTP. A datagram that cannot be answered makes no pause,
 * or anybody could slow down the others by sending such datagrams.
 */
export async function serveDatagrams(conn: DatagramConn, options: ServingOptions): Promise<void> {
  const { answer, onError, signal, clock = systemClock } = options;
  const buffer = new Uint8Array(MAX_DATAGRAM_BYTES);
  let failures = 0;
  while (!signal.aborted) {
    let received: [Uint8Array, Deno.Addr];
    try {
      received = await conn.receive(buffer);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      onError(error);
      failures++;
      if (failures > 1) {
        await sleep(clock, Math.min(FIRST_PAUSE_MS * 2 ** (failures - 2), MAX_PAUSE_MS), signal);
      }
      continue;
    }
    try {
      const [datagram, from] = received;
      const reply = answer(datagram, (from as Deno.NetAddr).hostname);
      if (reply !== undefined) await conn.send(reply, from);
    } catch (error) {
      if (!signal.aborted) onError(error);
    }
  }
}

function listenByNode(
  { hostname, port, answer, onError }: UdpSocketOptions,
): Promise<UdpSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<UdpSocket>();
  const socket = createSocket({ type: hostname.includes(":") ? "udp6" : "udp4" });
  socket.once("error", reject);
  socket.on("message", (datagram, from) => {
    try {
      const reply = answer(datagram, from.address);
      if (reply === undefined) return;
      socket.send(reply, from.port, from.address, (error) => {
        if (error !== null) onError(error);
      });
    } catch (error) {
      onError(error);
    }
  });
  socket.bind(port, hostname, () => {
    socket.off("error", reject);
    socket.on("error", onError);
    resolve({
      port: socket.address().port,
      close: () => new Promise((closed) => socket.close(() => closed())),
    });
  });
  return promise;
}
