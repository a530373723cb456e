/** Addresses in the compact form of announce answers: BEP 23 (IPv4, 6 bytes) and BEP 7 (IPv6, 18 bytes). */

import ipaddr from "ipaddr.js";

/** The address and port in compact form. Throws an Error if `ip` is no IP address. */
export function compactAddress(ip: string, port: number): Uint8Array {
  const address = ipaddr.parse(ip).toByteArray();
  return Uint8Array.from([...address, port >> 8, port & 255]);
}
