/**
 * Which TCP connection a file descriptor is, and how much of what was written to it may wait in the kernel. The runtime does
 * not tell the descriptors of its connections, so whoever needs one looks for the connection's two ends.
 */

import { lastError } from "./errno.ts";
import { libc } from "./libc.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const IPPROTO_TCP = 6;
const TCP_NOTSENT_LOWAT = 25;
/** Size of a sockaddr_in6, the larger of the two. */
const ADDRESS_BYTES = 28;

/** One end of a connection. */
export interface SocketEnd {
  /** 4 bytes, or 16 of IPv6; an IPv4 address on an IPv6 socket is mapped (RFC 4291, 2.5.5.2). */
  readonly address: Uint8Array;
  readonly port: number;
}

/** Both ends of the connection behind a descriptor; undefined for anything else, an open file or nothing at all. */
export function socketEnds(
  fd: number,
): { readonly local: SocketEnd; readonly remote: SocketEnd } | undefined {
  const local = askEnd("getsockname", fd);
  const remote = local === undefined ? undefined : askEnd("getpeername", fd);
  return local === undefined || remote === undefined ? undefined : { local, remote };
}

/**
 * Sets how many bytes may wait in the kernel that are not on the wire yet, before it takes no more: TCP_NOTSENT_LOWAT of
 * tcp(7).
 *
 * @throws {LibcError} `EBADF`, `ENOTSOCK` or `EOPNOTSUPP` when the descriptor is no TCP connection.
 */
export function setUnsentLimit(fd: number, limitBytes: number): void {
  const value = new Uint32Array([limitBytes]);
  if (libc().setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, value, value.byteLength) !== 0) {
    throw lastError("setsockopt");
  }
}

function askEnd(call: "getsockname" | "getpeername", fd: number): SocketEnd | undefined {
  const bytes = new Uint8Array(ADDRESS_BYTES);
  const length = new Uint32Array([ADDRESS_BYTES]);
  if (libc()[call](fd, bytes, length) !== 0) return undefined;
  const view = new DataView(bytes.buffer);
  const family = view.getUint16(0, true);
  const port = view.getUint16(2);
  if (family === AF_INET) return { address: bytes.subarray(4, 8), port };
  return family === AF_INET6 ? { address: bytes.subarray(8, 24), port } : undefined;
}
