/**
 * Which names a server answers to. A web page from elsewhere can have its own name resolve to this machine's address and then
 * read what a server here answers, as if both were one site (DNS rebinding). It cannot choose the name that the browser sends
 * along, so a server that answers only to names that no stranger can register is safe from it.
 *
 * @module
 */

import { readIfAllowed } from "./read_if_allowed.ts";
import { type HttpHandler, textResponse } from "./response.ts";

/** Domains that nobody can register in the public DNS: RFC 6761, RFC 6762, RFC 8375, and ICANN's `.internal`. */
const PRIVATE_DOMAINS: readonly string[] = ["localhost", "local", "home.arpa", "internal"];

const RESOLVER_CONFIG = "/etc/resolv.conf";

/**
 * Makes a handler that answers only requests for one of the names; others get status 403.
 *
 * @param advice What an operator does whose name is missing, such as `start it with --allow-host NAME`.
 */
export function answerOnlyTo(names: HostNames, advice: string, handler: HttpHandler): HttpHandler {
  return (request) =>
    names.includes(request.host) ? handler(request) : textResponse(
      403,
      `expected one of this server's names, was asked for "${request.host}"; if that is one of them, ${advice}\n`,
    );
}

/** The names of one server. */
export class HostNames {
  readonly #names: ReadonlySet<string>;

  /**
   * IP addresses, names without a dot, and names in private domains need not be given, nor this machine's own name.
   *
   * @param names Further names, such as `tracker.example.com`; a URL's or an address's host may be given as it stands there.
   */
  constructor(names: readonly string[] = []) {
    this.#names = new Set([...names.map(normalize), ...ownNames()]);
  }

  /** Whether a request for that host is answered. An empty one, of a client that names none, is: browsers always do. */
  includes(host: string): boolean {
    const name = normalize(host);
    return name === "" || isAddress(name) || !name.includes(".") || this.#names.has(name) ||
      PRIVATE_DOMAINS.some((domain) => name.endsWith(`.${domain}`));
  }
}

/** In lower case, without the dot that may end a full name, and without the brackets of an IPv6 address. */
function normalize(host: string): string {
  return host.toLowerCase().replace(/\.$/, "").replace(/^\[(.*)\]$/, "$1");
}

function isAddress(name: string): boolean {
  return name.includes(":") || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(name);
}

/** The machine's name, alone and in the domains in which it looks others up. */
function ownNames(): string[] {
  if (Deno.permissions.querySync({ name: "sys", kind: "hostname" }).state !== "granted") return [];
  const name = normalize(Deno.hostname());
  return [name, ...searchDomains().map((domain) => `${name}.${domain}`)];
}

function searchDomains(): string[] {
  return [...(readIfAllowed(RESOLVER_CONFIG) ?? "").matchAll(/^(?:search|domain)\s+(.*)$/gm)]
    .flatMap(([, domains = ""]) => domains.trim().split(/\s+/))
    .map(normalize).filter((domain) => domain !== "");
}
