/**
 * Addresses of other machines: one way to write each, what counts together where there is a limit per address, and on which
 * address a program listens for all. Only {@link anyAddress} asks the machine.
 *
 * @module
 */

const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
/** Of the eight groups of an IPv6 address, as many name the network: one machine can use all of a /64 (RFC 4291). */
const NETWORK_GROUPS = 4;

/** An IPv4 address that an IPv6 socket reports (`::ffff:10.0.0.1`; RFC 4291, 2.5.5.2) in its own form; all others as they are. */
export function withoutMapping(address: string): string {
  return MAPPED_IPV4.exec(address)?.[1] ?? address;
}

/** What counts as one address: an IPv4 address, or an IPv6 network of 64 bits, all of whose addresses one machine can use. */
export function addressKey(address: string): string {
  if (!address.includes(":")) return address;
  const [left = "", right] = address.split("%")[0]?.split("::") ?? [];
  const before = left === "" ? [] : left.split(":");
  const after = right === undefined || right === "" ? [] : right.split(":");
  const missing = right === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  return [...before, ...Array<string>(missing).fill("0"), ...after]
    .slice(0, NETWORK_GROUPS)
    .map((group) => group.replace(/^0+(?=.)/, "").toLowerCase())
    .join(":");
}

/** Whether an address is this machine's own, seen from itself. */
export function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}

/** "address:port" with IPv6 addresses in brackets. */
export function formatAddress(hostname: string, port: number): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** The IPv6 address of 16 bytes as sockets write it (RFC 5952), so that it is the same string; IPv4 within it as such. */
export function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from(
    { length: 8 },
    (_, group) => (bytes[group * 2]! << 8 | bytes[group * 2 + 1]!).toString(16),
  );
  if (groups.slice(0, 6).join(":") === "0:0:0:0:0:ffff") return bytes.subarray(12, 16).join(".");
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}

/**
 * The address to listen on for connections to any address of this machine: of both families where the system takes IPv4 on
 * an IPv6 socket (`bindv6only` is 0, as it is by default), else IPv4 alone.
 */
export function anyAddress(): "::" | "0.0.0.0" {
  try {
    using both = Deno.listen({ hostname: "::", port: 0 });
    return isTaken({ hostname: "0.0.0.0", port: both.addr.port }) ? "::" : "0.0.0.0";
  } catch {
    // There is no IPv6 here.
    return "0.0.0.0";
  }
}

/** Whether somebody listens there; asked this way, since not every program may read what the system says of it. */
function isTaken(address: { readonly hostname: string; readonly port: number }): boolean {
  try {
    Deno.listen(address).close();
    return false;
  } catch (error) {
    return error instanceof Deno.errors.AddrInUse;
  }
}
