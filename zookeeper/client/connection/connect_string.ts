/**
 * Parses a connect string: `host1:2181,host2:2181/chroot`.
 *
 * @module
 */

import { ZooKeeperError } from "../../errors.ts";
import { pathProblem } from "../../paths.ts";

/** ZooKeeper's registered client port. */
const defaultPort = 2181;

/** The address of a server. */
export interface ServerAddress {
  /** A name, or an IP address without brackets. */
  hostname: string;
  /** The TCP port of its clients. */
  port: number;
}

/** The parts of a connect string. */
export interface ConnectString {
  servers: ServerAddress[];
  /** The node that is the client's root; empty if that is the root of the tree. */
  chroot: string;
}

/**
 * Splits a connect string into its servers and its chroot. A port defaults to 2181; an IPv6 address
 * needs brackets.
 *
 * @throws {ZooKeeperError} `BAD_ARGUMENTS` if there is no server or a part is invalid.
 */
export function parseConnectString(text: string): ConnectString {
  const slash = text.indexOf("/");
  const hosts = slash < 0 ? text : text.slice(0, slash);
  const chroot = slash < 0 || slash === text.length - 1 ? "" : text.slice(slash);
  if (chroot !== "") {
    const problem = pathProblem(chroot);
    if (problem !== undefined) throw refused(text, `the chroot ${chroot}: ${problem}`);
  }
  const servers = hosts.split(",").map((part) => part.trim()).filter((part) => part !== "")
    .map((part) => parseServer(part, text));
  if (servers.length === 0) throw refused(text, "no server was there");
  return { servers, chroot };
}

function parseServer(part: string, text: string): ServerAddress {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(part);
  const hostname = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  if (hostname === undefined || port < 1 || port > 65535) {
    throw refused(text, `"${part}" was there`);
  }
  return { hostname, port };
}

function refused(text: string, what: string): ZooKeeperError {
  return new ZooKeeperError({
    code: "BAD_ARGUMENTS",
    operation: "connect",
    detail: `expected "host:port,host:port/chroot", ${what} (in "${text}")`,
  });
}
