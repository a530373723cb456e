/**
 * What takes a tracker's requests from the network, whoever wrote it: HTTP and UDP on one port, in
 * front of one and the same `Swarms`.
 */

import type { MonotonicClock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { HostNames } from "../../http/mod.ts";
import type { Counters } from "../stats/counters.ts";
import type { Pages } from "../stats/pages.ts";
import type { Swarms } from "../swarm/swarms.ts";

/** What fronts need. */
export interface FrontendOptions {
  readonly hostname: string;
  /** For HTTP and UDP. 0: any free one for HTTP, and the same for UDP. */
  readonly port: number;
  /** Whether to answer over UDP as well. */
  readonly udp: boolean;
  readonly swarms: Swarms;
  readonly counters: Counters;
  readonly clock: MonotonicClock;
  /** Answers what is neither announce nor scrape. */
  readonly pages: Pages;
  /** The names that pages are answered to; announces are to any. */
  readonly names: HostNames;
  readonly log: Log;
  /** Whatever goes wrong with one request; the fronts go on. */
  readonly onError: (cause: unknown) => void;
}

/** Fronts that listen. */
export interface Frontend {
  readonly port: number;
  /** Resolves when nothing is answered any more. */
  close(): Promise<void>;
}

/** Resolves when both listen; rejects, with nothing left open, if one of them cannot. */
export type OpenFrontend = (options: FrontendOptions) => Promise<Frontend>;
