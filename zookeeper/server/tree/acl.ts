/**
 * Access control: the identities of a client, and what a node's list allows them. Schemes: world, ip, digest, and auth
 * (short for the creator's own digests), as in ZooKeeper.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { type Acl, openAcl, permissions } from "../../types.ts";
import { Refusal } from "./refusal.ts";

/** One proven identity of a connection. */
export interface Identity {
  scheme: string;
  id: string;
}

/**
 * Returns the identity that `user:password` proves: `user:` and the Base64 of the SHA-1 of `user:password`. Without a colon
 * all of it is the user.
 */
export function digestIdentity(credentials: Uint8Array): Identity {
  const [user = ""] = new TextDecoder().decode(credentials).split(":", 1);
  const hash = createHash("sha1").update(credentials).digest("base64");
  return { scheme: "digest", id: `${user}:${hash}` };
}

/** Returns the identity of a client that connects from this address: IPv4 also where the socket is one of IPv6. */
export function addressIdentity(hostname: string): Identity {
  return { scheme: "ip", id: hostname.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "") };
}

/**
 * Validates a list that a client wants to set, drops entries that are there already, and replaces `auth` by the client's own digests.
 *
 * @throws {Refusal} `INVALID_ACL` if it is empty or has an invalid entry.
 */
export function resolveAcl(
  acl: readonly Acl[],
  identities: readonly Identity[],
): readonly Acl[] {
  const fixed: Acl[] = [];
  for (const entry of withoutRepeats(acl)) {
    if (entry.scheme === "auth") {
      const own = identities.filter(({ scheme }) => scheme === "digest");
      if (own.length === 0) throw new Refusal("INVALID_ACL");
      for (const { scheme, id } of own) fixed.push({ permissions: entry.permissions, scheme, id });
    } else if (isValid(entry)) {
      fixed.push(entry);
    } else {
      throw new Refusal("INVALID_ACL");
    }
  }
  const [first] = fixed;
  if (first === undefined) throw new Refusal("INVALID_ACL");
  // By far the most nodes have this one, and share it.
  const isOpen = fixed.length === 1 && first.scheme === "world" &&
    first.permissions === permissions.ALL;
  return isOpen ? openAcl : fixed;
}

/**
 * Throws unless one of the identities has one of the wanted permissions.
 *
 * @throws {Refusal} `NO_AUTH`
 */
export function checkAcl(
  acl: readonly Acl[],
  identities: readonly Identity[],
  wanted: number,
): void {
  if (!isAllowed(acl, identities, wanted)) throw new Refusal("NO_AUTH");
}

/** Returns true if one of the identities has one of the wanted permissions. */
export function isAllowed(
  acl: readonly Acl[],
  identities: readonly Identity[],
  wanted: number,
): boolean {
  return acl.some((entry) => {
    if ((entry.permissions & wanted) === 0) return false;
    if (entry.scheme === "world" && entry.id === "anyone") return true;
    return identities.some((identity) =>
      identity.scheme === entry.scheme &&
      (entry.scheme === "ip" ? ipMatches(entry.id, identity.id) : entry.id === identity.id)
    );
  });
}

/** Replaces the hashes of passwords by `x`: only clients with the permission ADMIN may see them. */
export function withoutHashes(acl: readonly Acl[]): Acl[] {
  return acl.map((entry) =>
    entry.scheme === "digest" ? { ...entry, id: entry.id.replace(/:.*/s, ":x") } : entry
  );
}

/** Everybody may read and nobody may change: the ACL of `/zookeeper/config`. */
export const readOnlyAcl: readonly Acl[] = [
  { permissions: permissions.READ, scheme: "world", id: "anyone" },
];

function withoutRepeats(acl: readonly Acl[]): readonly Acl[] {
  return acl.filter((entry, index) =>
    acl.findIndex(({ permissions, scheme, id }) =>
      permissions === entry.permissions && scheme === entry.scheme && id === entry.id
    ) === index
  );
}

function isValid({ scheme, id }: Acl): boolean {
  if (scheme === "world") return id === "anyone";
  // A user, which may be empty, and a hash, which may not; colons at the end are overlooked, as ZooKeeper does.
  if (scheme === "digest") return /^[^:]*:[^:]+:*$/.test(id);
  if (scheme === "ip") {
    const [address = "", bits = "32", ...more] = id.split("/");
    return ipNumber(address) !== undefined && /^\d{1,2}$/.test(bits) && Number(bits) <= 32 &&
      more.length === 0;
  }
  return false;
}

function ipMatches(pattern: string, address: string): boolean {
  const [network = "", bits = "32"] = pattern.split("/");
  const expected = ipNumber(network);
  const actual = ipNumber(address);
  if (expected === undefined || actual === undefined) return false;
  const ignored = 2 ** (32 - Number(bits));
  return Math.floor(expected / ignored) === Math.floor(actual / ignored);
}

/** Returns an IPv4 address as a number. */
function ipNumber(address: string): number | undefined {
  const parts = address.split(".");
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255)) {
    return undefined;
  }
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}
