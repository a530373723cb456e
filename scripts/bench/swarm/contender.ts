/** What a contender is: something that brings one file from the build machine to all hosts. */

import type { Network } from "./network.ts";
import type { Host, Topology } from "./topology.ts";

/** What a contender is given. */
export interface Arena {
  readonly network: Network;
  readonly topology: Topology;
  /** The folder with the file, and the file's name in it. */
  readonly source: { readonly folder: string; readonly fileName: string };
  /** Where each host keeps its own; a folder for each of them is made below. */
  readonly folder: string;
}

/** A contender at the line: everything that it needs runs, and nothing moves yet. */
export interface Session extends AsyncDisposable {
  /** Lets a host begin. Resolves with the time of its completion, in milliseconds since 1970. */
  start(host: Host): Promise<number>;
  /** The folder that receives the host's file. */
  folderOf(host: Host): string;
  /** A host through which a site that is not the build machine's gets its data, if there is such a thing. */
  gatewayOf(site: string): Promise<Host | undefined>;
  /** Ends a host at once, as a power cut does. */
  kill(host: Host): Promise<void>;
}

/** A contender. */
export interface Contender {
  readonly name: string;
  /** Starts what it needs; resolves when all of it is ready. */
  open(arena: Arena): Promise<Session>;
}
