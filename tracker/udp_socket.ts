/**
 * A UDP socket that answers each datagram at once. `Deno.listenDatagram` where the process may use it
 * (`"unstable": ["net"]` or `--unstable-net`), since it is nearly twice as fast; else node:dgram.
 */

import { createSocket } from "node:dgram";

/** What to send back to that address; undefined: nothing. */
export type Answerer = (datagram: Uint8Array, ip: string) => Uint8Array | undefined;

/** How to listen. */
export interface UdpSocketOptions {
  readonly hostname: string;
  readonly port: number;
  readonly answer: Answerer;
  /** Whatever goes wrong with one datagram; the socket goes on. */
  readonly onError: (error: unknown) => void;
}

/** A socket that listens. */
export interface UdpSocket {
  readonly port: number;
  /** Resolves when no datagram is answered any more. */
  close(): Promise<void>;
}

/** Requests are at most 98 bytes and some URL data; what is longer is cut, and then not understood. */
const MAX_DATAGRAM_BYTES = 4096;

interface DatagramConn {
  readonly addr: Deno.Addr;
  receive(buffer: Uint8Array): Promise<[Uint8Array, Deno.Addr]>;
  send(bytes: Uint8Array, to: Deno.Addr): Promise<number>;
  close(): void;
}
type ListenDatagram = (
  options: { hostname: string; port: number; transport: "udp" },
) => DatagramConn;

/** Rejects if the port is taken. */
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
  // Asynchronous only so that both ways reject alike.
  const conn = await Promise.resolve().then(() =>
    listenDatagram({ hostname, port, transport: "udp" })
  );
  let isOpen = true;
  const serving = (async () => {
    const buffer = new Uint8Array(MAX_DATAGRAM_BYTES);
    while (isOpen) {
      try {
        const [datagram, from] = await conn.receive(buffer);
        const reply = answer(datagram, (from as Deno.NetAddr).hostname);
        if (reply !== undefined) await conn.send(reply, from);
      } catch (error) {
        if (isOpen) onError(error);
      }
    }
  })();
  return {
    port: (conn.addr as Deno.NetAddr).port,
    async close() {
      isOpen = false;
      conn.close();
      await serving;
    },
  };
}

function listenByNode(
  { hostname, port, answer, onError }: UdpSocketOptions,
): Promise<UdpSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<UdpSocket>();
  const socket = createSocket({ type: hostname.includes(":") ? "udp6" : "udp4" });
  socket.once("error", reject);
  socket.on("message", (datagram, from) => {
    const reply = answer(datagram, from.address);
    if (reply === undefined) return;
    socket.send(reply, from.port, from.address, (error) => {
      if (error !== null) onError(error);
    });
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
