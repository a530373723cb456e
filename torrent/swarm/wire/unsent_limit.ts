/**
 * How much of what was written to a connection may wait in the kernel before it is on the wire. Without a limit that is up
 * to the whole send buffer, which grows to several times what the link carries in a round trip: a request is sent behind all
 * of it, so that two hosts that exchange pieces over a full link wait for each other. The runtime has no such option, so the
 * system's is set on the connection's descriptor. Where that cannot be done, nothing is limited.
 */

import { formatIpv6, withoutMapping } from "../../../base/ip_address.ts";
import {
  isFfiGranted,
  LibcError,
  setUnsentLimit,
  type SocketEnd,
  socketEnds,
} from "../../../ffi/mod.ts";

/** Descriptors that are looked at for a connection; a process has a few hundred, and each look takes below a microsecond. */
const MAX_DESCRIPTORS = 4096;

/** Where a connection leads, as the runtime tells it. Default: it is no connection of the system. */
export interface ConnectionEnds {
  readonly localAddr?: { readonly hostname: string; readonly port: number };
  readonly remoteAddr?: { readonly hostname: string; readonly port: number };
}

/** The limit of one connection. */
export class UnsentLimit {
  readonly #connection: ConnectionEnds;
  #fd: number | undefined;
  #isMissing = false;
  #limitBytes: number | undefined;

  constructor(connection: ConnectionEnds) {
    this.#connection = connection;
  }

  /** Sets the limit, in bytes. To be called only while the connection is open. */
  set(limitBytes: number): void {
    const wholeBytes = Math.min(Math.ceil(limitBytes), 0x7fff_ffff);
    if (this.#isMissing || wholeBytes === this.#limitBytes) return;
    try {
      this.#fd = this.#find();
      if (this.#fd === undefined) this.#isMissing = true;
      else setUnsentLimit(this.#fd, wholeBytes);
      this.#limitBytes = wholeBytes;
    } catch (error) {
      if (!(error instanceof LibcError)) throw error;
      this.#isMissing = true;
    }
  }

  /** The descriptor is compared at each use: a number that is not ours any more would be somebody else's. */
  #find(): number | undefined {
    const { localAddr, remoteAddr } = this.#connection;
    if (Deno.build.os !== "linux" || !isFfiGranted()) return undefined;
    if (localAddr === undefined || remoteAddr === undefined) return undefined;
    const isOurs = (fd: number) => {
      const ends = socketEnds(fd);
      return ends !== undefined && isAt(ends.local, localAddr) && isAt(ends.remote, remoteAddr);
    };
    if (this.#fd !== undefined) return isOurs(this.#fd) ? this.#fd : undefined;
    for (let fd = 0; fd < MAX_DESCRIPTORS; fd++) if (isOurs(fd)) return fd;
    return undefined;
  }
}

function isAt(
  { address, port }: SocketEnd,
  told: { readonly hostname: string; readonly port: number },
): boolean {
  if (port !== told.port) return false;
  const text = address.length === 4 ? address.join(".") : formatIpv6(address);
  return text === withoutMapping(told.hostname);
}
