/** An address and port as BEP 23 (IPv4: 6 bytes) and BEP 7 (IPv6: 18 bytes) put them into replies. */

import ipaddr from "ipaddr.js";

/** Throws an Error if that is no IP address. */
export function compactAddress(ip: string, port: number): Uint8Array {
  const address = ipaddr.parse(ip).toByteArray();
  return Uint8Array.from([...address, port >> 8, port & 255]);
}
