/**
 * Where the bytes between two nodes come from: TCP, or whatever a test hands in. For TLS see
 * tls_transport.ts.
 *
 * @module
 */

import { RemoteError } from "./errors.ts";

/** Bytes in both directions. A `Deno.Conn` is one. */
export interface ByteStream {
  /** Fills the buffer; null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes a part, and says how much. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends both directions at once. */
  close(): void;
}

/** Takes connections. */
export interface ByteListener {
  /** The URL that others dial. */
  readonly url: string;
  /** The next connection; rejects when none can be taken, and for good once it is closed. */
  accept(): Promise<ByteStream>;
  /** Takes no more. Connections that were taken go on. */
  close(): void;
}

/** Makes connections. */
export interface Transport {
  /** Dials; rejects when the signal is aborted. */
  dial(url: string, signal: AbortSignal): Promise<ByteStream>;
  /** Listens where the URL says; port 0 is any free one. */
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

/** Where a URL of a transport leads. */
interface Address {
  readonly hostname: string;
  readonly port: number;
}

/**
 * Reads a URL of the form `tcp://HOST:PORT`, or of another protocol.
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

/** The URL for an address. */
export function urlOf(protocol: string, { hostname, port }: Address): string {
  return `${protocol}//${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

/** Frames are collected before they are written; to wait for more would only add latency. */
export function withoutDelay(conn: Deno.TcpConn): Deno.TcpConn {
  conn.setNoDelay(true);
  return conn;
}
