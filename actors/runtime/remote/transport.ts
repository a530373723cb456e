/**
 * Where the bytes between two nodes come from: TCP, or whatever a test hands in. TLS is a transport
 * of its own with the same two functions.
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

/** Plain TCP; URLs are `tcp://HOST:PORT`. */
export const tcpTransport: Transport = {
  async dial(url, signal) {
    const conn = await Deno.connect({ ...readUrl(url), signal });
    // Frames are collected before they are written; to wait for more would only add latency.
    conn.setNoDelay(true);
    return conn;
  },
  listen(url) {
    const { hostname, port } = readUrl(url);
    const listener = Deno.listen({ hostname, port });
    const bound = listener.addr.port;
    return {
      url: `tcp://${hostname.includes(":") ? `[${hostname}]` : hostname}:${bound}`,
      async accept() {
        const conn = await listener.accept();
        conn.setNoDelay(true);
        return conn;
      },
      close: () => listener.close(),
    };
  },
};

function readUrl(text: string): { readonly hostname: string; readonly port: number } {
  const url = URL.parse(text);
  if (url?.protocol !== "tcp:" || url.hostname === "" || url.port === "") {
    throw new RemoteError("invalid_option", `use ${text}: expected a URL like tcp://HOST:PORT`);
  }
  return { hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"), port: Number(url.port) };
}
