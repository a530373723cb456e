/**
 * Opens the socket to a server: plain TCP, or TLS with a check of the host name. It knows nothing of ZooKeeper.
 *
 * @module
 */

import type { ByteStream } from "../../byte_stream.ts";
import type { ServerAddress } from "./connect_string.ts";

/** Settings of TLS. All certificates and keys are PEM text. */
export interface TlsOptions {
  /** Certificates of authorities that are trusted beside the runtime's own. Default: none. */
  caCerts?: string[] | undefined;
  /** The client's certificate chain, for servers with `ssl.clientAuth=need`; together with `key`. Default: none. */
  cert?: string | undefined;
  /** The private key of `cert`. */
  key?: string | undefined;
  /**
   * Skips the check that the certificate names the host of the connect string; its chain is checked all the same.
   * Default false. Only for an ensemble whose certificates name no host.
   */
  unsafelyDisableHostnameVerification?: boolean | undefined;
}

/** Opens a connection to a server. An abort rejects it with the signal's reason, and leaves no connection open. */
export type Dial = (
  server: ServerAddress,
  options: { signal: AbortSignal },
) => Promise<ByteStream>;

/** Returns how a client connects that is not told otherwise: over TCP, or over TLS with these settings. */
export function socketDial(tls: TlsOptions | undefined): Dial {
  return (server, { signal }) => dialSocket(server, { tls, signal });
}

/**
 * Connects to a server. An abort rejects it with the signal's reason, and no socket stays open.
 *
 * @throws the error of the runtime when nobody listens or a certificate is not valid.
 */
async function dialSocket(
  server: ServerAddress,
  options: { tls: TlsOptions | undefined; signal: AbortSignal },
): Promise<Deno.Conn<Deno.NetAddr>> {
  const { tls, signal } = options;
  signal.throwIfAborted();
  if (tls === undefined) {
    const conn = await Deno.connect({ ...server, signal });
    conn.setNoDelay(true);
    return conn;
  }
  // `connectTls` takes no signal: after an abort it goes on, and its connection is closed when it is there.
  const dialing = Deno.connectTls({ ...server, ...given(tls) });
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const conn = await Promise.race([handshaken(dialing), aborted.promise]);
    return conn;
  } catch (error) {
    dialing.then((conn) => conn.close()).catch(() => {
      // It failed or was closed already.
    });
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Waits for the handshake of TLS as well: a bad certificate shows there and not while connecting. */
async function handshaken(dialing: Promise<Deno.TlsConn>): Promise<Deno.TlsConn> {
  const conn = await dialing;
  await conn.handshake();
  return conn;
}

/** Keeps only the options that are set: the runtime tells an absent option from an undefined one. */
function given(tls: TlsOptions) {
  const { caCerts, cert, key, unsafelyDisableHostnameVerification } = tls;
  return {
    ...(caCerts === undefined ? {} : { caCerts }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    ...(unsafelyDisableHostnameVerification === undefined
      ? {}
      : { unsafelyDisableHostnameVerification }),
  };
}
