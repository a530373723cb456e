/**
 * Options that several commands share, and the parsers of their values. A parser throws commander's
 * `InvalidArgumentError`, which ends in a usage message and status 2.
 *
 * @module
 */

import { InvalidArgumentError, Option } from "@commander-js/extra-typings";

/** An address to listen on. */
export interface ListenAddress {
  readonly hostname: string;
  /** 0: any free port. */
  readonly port: number;
}

/** Parses `HOST:PORT`, `[V6]:PORT` or `:PORT`. */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:\s]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new InvalidArgumentError(`expected HOST:PORT such as 127.0.0.1:2181, was "${text}".`);
  }
  return { hostname: match[1] ?? (match[2] || "0.0.0.0"), port };
}

/** Parses a whole number in a range. */
export function parseCount(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(
        `expected a whole number from ${min} to ${max}, was "${text}".`,
      );
    }
    return value;
  };
}

/** `--zookeeper`, read from `ROLLCALL_ZOOKEEPER` where it is not given. */
export function zookeeperOption() {
  return new Option(
    "-z, --zookeeper <servers>",
    "ZooKeeper servers: host:port, several with commas, a chroot at the end if wanted",
  ).env("ROLLCALL_ZOOKEEPER").default("127.0.0.1:2181");
}

/** `--listen`. */
export function listenOption(address: string, description = "where to listen") {
  return new Option("-l, --listen <address>", description)
    .argParser(parseListenAddress)
    .default(parseListenAddress(address), address);
}

/** `--admin`. */
export function adminOption() {
  return new Option(
    "--admin <address>",
    "serve a page for people here, such as 127.0.0.1:8081: figures, sessions, the tree (default: nowhere)",
  ).argParser(parseListenAddress);
}

/** `--tracker` of the commands that show the fleet. */
export function reportTrackerOption() {
  return new Option(
    "-t, --tracker <url>",
    "ask here how releases spread, by its announce URL; may be given again, the first that knows counts",
  ).argParser(collectTracker).default([] as string[], "those that the releases name");
}

function collectTracker(value: string, before: readonly string[]): string[] {
  const protocol = URL.parse(value)?.protocol;
  if (protocol === undefined || !["http:", "https:", "udp:"].includes(protocol)) {
    throw new InvalidArgumentError(
      `expected an announce URL such as http://tracker:8000/announce, was "${value}".`,
    );
  }
  return collect(value, before);
}

/** Gathers the values of an option that may be given several times. */
export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

/** `--json`. */
export function jsonOption(description = "print JSON on stdout and nothing else there") {
  return new Option("--json", description).default(false);
}

/** `--log-level`. */
export function logLevelOption() {
  return new Option("--log-level <level>", "least severe messages to log")
    .choices(["debug", "info", "warning", "error"] as const).default("info" as const);
}

/** Host and port as they stand in a URL; a wildcard becomes a name that can be connected to. */
export function formatAddress(address: ListenAddress): string {
  const hostname = address.hostname === "0.0.0.0" || address.hostname === "::"
    ? Deno.hostname()
    : address.hostname;
  return hostname.includes(":") ? `[${hostname}]:${address.port}` : `${hostname}:${address.port}`;
}
