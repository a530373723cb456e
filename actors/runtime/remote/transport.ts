/**
 * Transports: how the bytes between two nodes are carried. TCP is here, TLS is in tls_transport.ts, and
 * tests hand in their own.
 *
 * @module
 */

import { RemoteError } from "./errors.ts";

/** A stream of bytes in both directions. A `Deno.Conn` is one. */
export interface ByteStream {
  /** Reads into the buffer, and resolves to the number of bytes; null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes some of the bytes, and resolves to their number. */
  write(bytes: Uint8Array): Promise<number>;
  /** Closes both directions at once. */
  close(): void;
  /** Where the other side is, where that is known; connections are counted by it. */
  readonly remoteAddr?: object;
}

/** Accepts connections. */
export interface ByteListener {
  /** The URL that others dial. */
  readonly url: string;
  /** The next connection; rejects when none can be taken, and for good once it is closed. */
  accept(): Promise<ByteStream>;
  /** Stops accepting. Connections that were accepted go on. */
  close(): void;
}

/** Makes connections to other nodes, and accepts theirs. */
export interface Transport {
  /** Connects to the node at the URL; rejects when the signal is aborted. */
  dial(url: string, signal: AbortSignal): Promise<ByteStream>;
  /** Listens at the URL; port 0 means any free port. */
  listen(url: string): ByteListener;
}

const PROTOCOL = "tcp:";

/** Plain TCP; URLs are `tcp://HOST:PORT`. */
export const tcpTransport: Transport = {
  dial: async (url, signal) =>
    withoutDelay(await Deno.connect({ ...addressOf(url, PROTOCOL), signal })),
  listen(url) {
    const { hostname, port } = addressOf(url, PROTOCOL);
    const listener = Deno.listen({ hostname, port });
    return {
      url: urlOf(PROTOCOL, { hostname, port: listener.addr.port }),
      accept: async () => withoutDelay(await listener.accept()),
      close: () => listener.close(),
    };
  },
};

/** The host and port in the URL of a transport. */
interface Address {
  readonly hostname: string;
  readonly port: number;
}

/**
 * Parses a URL of the form `tcp://HOST:PORT`, or with another protocol.
 *
 * @throws {RemoteError} `invalid_option` if it is not one.
 */
export function addressOf(text: string, protocol: string): Address {
  const url = URL.parse(text);
  if (url?.protocol !== protocol || url.hostname === "" || url.port === "") {
    throw new RemoteError(
      "invalid_option",
      `use ${text}: expected a URL like ${protocol}//HOST:PORT`,
    );
  }
  return { hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"), port: Number(url.port) };
}

/** Makes the URL for an address. */
export function urlOf(protocol: string, { hostname, port }: Address): string {
  return `${protocol}//${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

/** Turns off Nagle's algorithm: frames are written in batches already, and it would only add latency. */
export function withoutDelay(conn: Deno.TcpConn): Deno.TcpConn {
  conn.setNoDelay(true);
  return conn;
}
