/** The interface of a contender: a program that brings one file from the build machine to all hosts. */

import type { Network } from "./network.ts";
import type { Host, Topology } from "./topology.ts";

/** What a contender is given. */
export interface Arena {
  readonly network: Network;
  readonly topology: Topology;
  /** The folder with the file, and the file's name in it. */
  readonly source: { readonly folder: string; readonly fileName: string };
  /** The folder below which each host has a folder of its own. */
  readonly folder: string;
}

/** A contender that is ready to start: everything that it needs runs, and nothing is transferred yet. */
export interface Session extends AsyncDisposable {
  /** Starts a host. Resolves with the time of its completion, in milliseconds since 1970. */
  start(host: Host): Promise<number>;
  /** The folder that receives the host's file. */
  folderOf(host: Host): string;
  /** A host through which a site other than the build machine's gets its data, if the contender has such hosts. */
  gatewayOf(site: string): Promise<Host | undefined>;
  /** Ends a host at once, as a power cut does. */
  kill(host: Host): Promise<void>;
}

/** A program that takes part in the benchmark. */
export interface Contender {
  readonly name: string;
  /** Starts what it needs; resolves when all of it is ready. */
  open(arena: Arena): Promise<Session>;
}
