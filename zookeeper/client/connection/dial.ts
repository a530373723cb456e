/**
 * Opens the socket to a server: plain TCP, or TLS with the host checked. It knows no ZooKeeper.
 *
 * @module
 */

import type { ServerAddress } from "./connect_string.ts";

/** How to speak TLS. All certificates and keys are PEM, as text. */
export interface TlsOptions {
  /** Certificates of authorities that may vouch for a server, beside the runtime's own. Default: none beside those. */
  caCerts?: string[] | undefined;
  /** The client's certificate chain, for servers with `ssl.clientAuth=need`; together with `key`. Default: none. */
  cert?: string | undefined;
  /** The private key of `cert`. */
  key?: string | undefined;
  /**
   * Skips the check that the certificate is for the host of the connect string; the chain is checked all
   * the same. Default false. Only for an ensemble whose certificates name no host.
   */
  unsafelyDisableHostnameVerification?: boolean | undefined;
}

/**
 * Connects to a server. An abort ends it with the signal's reason, and leaves no socket open behind.
 *
 * @throws whatever the runtime throws when nobody listens or a certificate does not hold.
 */
export async function dial(
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
  // The runtime's TLS takes no signal: whoever gives up leaves it to end by itself and to be closed then.
  const dialing = Deno.connectTls({ ...server, ...given(tls) });
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const conn = await Promise.race([handshaken(dialing), aborted.promise]);
    return conn;
  } catch (error) {
    dialing.then((conn) => conn.close()).catch(() => {
      // It failed or is closed already.
    });
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** A bad certificate shows in the handshake, not in the connecting. */
async function handshaken(dialing: Promise<Deno.TlsConn>): Promise<Deno.TlsConn> {
  const conn = await dialing;
  await conn.handshake();
  return conn;
}

/** Only what was given: the runtime tells an absent option from an undefined one. */
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
