/**
 * Addresses of clients: the form in which handlers get them, and what the limit for one address counts together. Pure.
 *
 * @module
 */

const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** An IPv4 address that an IPv6 socket reports (`::ffff:10.0.0.1`) in its own form; all others as they are. */
export function withoutMapping(address: string): string {
  return MAPPED_IPV4.exec(address)?.[1] ?? address;
}

/** What counts as one address: an IPv4 address, or an IPv6 network of 64 bits, all of whose addresses one machine can use. */
export function addressKey(address: string): string {
  if (!address.includes(":")) return address;
  const [left = "", right] = address.split("%")[0]?.split("::") ?? [];
  const before = left === "" ? [] : left.split(":");
  if (right === undefined) return before.slice(0, 4).join(":");
  const after = right === "" ? [] : right.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => "0");
  return [...before, ...zeros, ...after].slice(0, 4).join(":");
}
