/**
 * Options that several commands share, and the parsers of their values. A parser throws commander's
 * `InvalidArgumentError`, which the user sees as a usage message with exit status 2.
 *
 * @module
 */

import { Argument, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { isName, NAME_RULE, quoteForeign } from "../../base/names.ts";
import { plain } from "./terminal_text.ts";

/** The levels of `--log-level`. */
export const LOG_LEVELS = ["debug", "info", "warning", "error"] as const;

/** The least severe level that a command logs. */
export type LogLevelName = typeof LOG_LEVELS[number];

/** An address to listen on. */
export interface ListenAddress {
  /** An IP address or a host's name. */
  readonly hostname: string;
  /** A TCP port; 0 stands for any free one. */
  readonly port: number;
}

/** Parses `HOST:PORT`, `[V6]:PORT` or `:PORT` (all addresses). */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:\s]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new InvalidArgumentError(`expected HOST:PORT such as 127.0.0.1:2181, was "${text}".`);
  }
  return { hostname: match[1] ?? (match[2] || "0.0.0.0"), port };
}

/** Creates a parser of whole numbers from `min` to `max`. */
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

/**
 * Most characters of a reason: some lines of a table. It stands in entries that other machines read, and in the history, whose
 * events are kept by the thousand.
 */
const REASON_LENGTH_MAX = 500;

/** Parses why an operator says something: one line, for every screen on which it stands. */
export function parseReason(text: string): string {
  if (text.trim() === "" || text.length > REASON_LENGTH_MAX || plain(text) !== text) {
    throw new InvalidArgumentError(
      `expected one line of up to ${REASON_LENGTH_MAX} printable characters, was ${
        quoteForeign(text)
      }.`,
    );
  }
  return text;
}

/** Parses the name of a host or service: one that could be nobody's is a typing error, and not a host that is not there. */
export function parseName(text: string): string {
  if (!isName(text)) {
    throw new InvalidArgumentError(`expected a name (${NAME_RULE}), was ${quoteForeign(text)}.`);
  }
  return text;
}

/** Makes the argument for the host that a command is about. */
export function hostArgument() {
  return new Argument("<host>", "its name").argParser(parseName);
}

/** Makes the option `--service` of a command about a host. */
export function serviceOption(description = "only for this service") {
  return new Option("--service <name>", description).argParser(parseName);
}

/** Makes the option `--reason`. `description`: who reads it. */
export function reasonOption(description: string) {
  return new Option("--reason <text>", description).argParser(parseReason);
}

/** `--zookeeper`, whose default is the environment variable `ROLLCALL_ZOOKEEPER`. */
export function zookeeperOption() {
  return new Option(
    "-z, --zookeeper <servers>",
    "ZooKeeper servers: host:port, several with commas, a chroot at the end if wanted",
  ).env("ROLLCALL_ZOOKEEPER").default("127.0.0.1:2181");
}

/** Makes the option `--listen`. */
export function listenOption(address: string, description = "where to listen") {
  return new Option("-l, --listen <address>", description)
    .argParser(parseListenAddress)
    .default(parseListenAddress(address), address);
}

/** Makes the option `--admin`. */
export function adminOption() {
  return new Option(
    "--admin <address>",
    "serve a page for people here, such as 127.0.0.1:8081: figures, sessions, the tree (default: nowhere)",
  ).argParser(parseListenAddress);
}

/** `--allow-host`. */
export function allowHostOption() {
  return new Option(
    "--allow-host <name>",
    "answer to this name as well, such as build.example.com; may be given again (addresses, names without a dot and " +
      "this machine's own need not be given)",
  ).argParser(collect).default([] as string[], "none");
}

/** `--tracker` of the commands that show the fleet. */
export function reportTrackerOption() {
  return new Option(
    "-t, --tracker <url>",
    "ask here how releases spread, by its announce URL; may be given again, the first that knows counts",
  ).argParser(collectTracker).default([] as string[], "those that the releases name");
}

/** Collects the announce URLs of trackers, also of those over UDP, which clients of others ask. */
export function collectTracker(value: string, before: readonly string[]): string[] {
  const protocol = URL.parse(value)?.protocol;
  if (protocol === undefined || !["http:", "https:", "udp:"].includes(protocol)) {
    throw new InvalidArgumentError(
      `expected an announce URL such as http://tracker:8000/announce, was "${value}".`,
    );
  }
  return collect(value, before);
}

/** Collects the values of an option that may be given several times. */
export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

/** Makes the option `--json`. */
export function jsonOption(description = "print JSON on stdout and nothing else there") {
  return new Option("--json", description).default(false);
}

/** `--log-level`. */
export function logLevelOption() {
  return new Option("--log-level <level>", "least severe messages to log")
    .choices(LOG_LEVELS).default("info" as const);
}
