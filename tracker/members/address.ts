/** Addresses as far as limits go by them: which belong to one machine. */

/** Of an IPv6 address, as many of its eight groups belong to the network: one machine has all of a /64 (RFC 4291). */
const NETWORK_GROUPS = 4;

/** What a limit per address counts by: an IPv4 address, or the /64 of an IPv6 address, since a machine can use all of it. */
export function addressKey(ip: string): string {
  if (!ip.includes(":")) return ip;
  const [head = "", tail] = ip.split("::");
  const groups = head === "" ? [] : head.split(":");
  const rest = tail === undefined || tail === "" ? [] : tail.split(":");
  if (tail !== undefined) {
    const zeros = Math.max(0, 8 - groups.length - rest.length);
    groups.push(...Array<string>(zeros).fill("0"), ...rest);
  }
  const network = groups.slice(0, NETWORK_GROUPS).map((group) => group.replace(/^0+(?=.)/, ""));
  return `${network.join(":")}::/64`.toLowerCase();
}

/** Whether an address is this machine's own, seen from itself. */
export function isLoopback(ip: string): boolean {
  return ip.startsWith("127.") || ip === "::1";
}
