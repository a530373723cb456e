/**
 * TLS between nodes: nobody on the way can read or change what is sent, and the side that dials knows
 * which node it has reached. The other side does not know who calls: Deno's listeners do not request a
 * certificate from clients.
 *
 * @module
 */

import { RemoteError } from "./errors.ts";
import { addressOf, type ByteStream, type Transport, urlOf, withoutDelay } from "./transport.ts";

/** Certificates and keys, all in PEM. */
export interface TlsTransportOptions {
  /**
   * Authorities whose certificates are accepted from other nodes, in addition to those that Deno
   * trusts. Default: none in addition. A fleet has an authority of its own.
   */
  readonly caCerts?: readonly string[];
  /** This node's certificate, with the intermediate certificates up to the authority. Needed to listen. */
  readonly cert?: string;
  /** The private key of `cert`. Needed to listen. */
  readonly key?: string;
}

const PROTOCOL = "tls:";

/**
 * Makes a transport for URLs of the form `tls://HOST:PORT`. A node that is dialled must have a
 * certificate for HOST, from an authority that is trusted; else there is no connection.
 *
 * @example
 * ```ts ignore
 * const transport = tlsTransport({
 *   caCerts: [await Deno.readTextFile("fleet-ca.pem")],
 *   cert: await Deno.readTextFile("web-1.pem"),
 *   key: await Deno.readTextFile("web-1.key"),
 * });
 * const node = RemoteNode.create({ system, transport });
 * node.listen("tls://web-1.example.com:7071");
 * ```
 *
 * @throws {RemoteError} `invalid_option` from `dial` and `listen`, if the URL is of another form, and
 * from `listen` without `cert` and `key`.
 */
export function tlsTransport(options: TlsTransportOptions): Transport {
  const { caCerts = [], cert, key } = options;
  return {
    async dial(url, signal) {
      const address = addressOf(url, PROTOCOL);
      // Not with connectTls, which takes no signal and cannot turn off Nagle's algorithm.
      const tcp = withoutDelay(await Deno.connect({ ...address, signal }));
      const { hostname } = address;
      return await handshaken(
        await Deno.startTls(tcp, { hostname, caCerts: [...caCerts] }),
        signal,
      );
    },
    listen(url) {
      const { hostname, port } = addressOf(url, PROTOCOL);
      if (cert === undefined || key === undefined) {
        throw new RemoteError("invalid_option", `listen on ${url}: expected "cert" and "key"`);
      }
      const listener = Deno.listenTls({ hostname, port, cert, key });
      return {
        url: urlOf(PROTOCOL, { hostname, port: listener.addr.port }),
        // The handshake happens with the first read, so that a slow client does not delay the others.
        accept: () => listener.accept(),
        close: () => listener.close(),
      };
    },
  };
}

/** Waits for the handshake, in which the other side's certificate is checked. */
async function handshaken(conn: Deno.TlsConn, signal: AbortSignal): Promise<ByteStream> {
  function close(): void {
    try {
      conn.close();
    } catch {
      // It is closed already.
    }
  }
  // The handshake takes no signal, but it fails when its connection is closed.
  signal.addEventListener("abort", close, { once: true });
  try {
    signal.throwIfAborted();
    await conn.handshake();
    return conn;
  } catch (error) {
    close();
    throw error;
  } finally {
    signal.removeEventListener("abort", close);
  }
}
