/**
 * TLS between nodes: nobody on the way reads or changes what they say, and the dialling side knows whom it reached. The
 * other side does not: Deno's listeners ask for no certificate of a client.
 *
 * @module
 */

import { RemoteError } from "./errors.ts";
import { addressOf, type ByteStream, type Transport, urlOf, withoutDelay } from "./transport.ts";

/** Certificates and keys, all in PEM. */
export interface TlsTransportOptions {
  /**
   * Authorities that certificates of other nodes may come from, besides those that Deno trusts
   * already. Default: none besides; a fleet has an authority of its own.
   */
  readonly caCerts?: readonly string[];
  /** This node's certificate with those between it and the authority. Needed to listen. */
  readonly cert?: string;
  /** The key of `cert`. */
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
      // Not by connectTls, which knows neither a signal nor how to send small frames at once.
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
        // The handshake is the first read's, so that one who dawdles holds up nobody else.
        accept: () => listener.accept(),
        close: () => listener.close(),
      };
    },
  };
}

/** Connected, and the other side's certificate checked. */
async function handshaken(conn: Deno.TlsConn, signal: AbortSignal): Promise<ByteStream> {
  function close(): void {
    try {
      conn.close();
    } catch {
      // It is closed already.
    }
  }
  // It knows no signal, but the end of its connection.
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
