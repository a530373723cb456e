/**
 * The interface of a frontend: what reads a tracker's requests from the network, HTTP and UDP on one port, and has them
 * answered by the tracker's `Swarms`.
 */

import type { MonotonicClock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { HostNames } from "../../http/mod.ts";
import type { Counters, Pages } from "../stats/mod.ts";
import type { Swarms } from "../swarm/mod.ts";

/** What a frontend needs. */
export interface FrontendOptions {
  readonly hostname: string;
  /** For HTTP and UDP. 0 means any port that is free for HTTP, and the same for UDP. */
  readonly port: number;
  /** Whether to answer over UDP as well. */
  readonly udp: boolean;
  readonly swarms: Swarms;
  readonly counters: Counters;
  readonly clock: MonotonicClock;
  /** Answers requests that are neither announce nor scrape. */
  readonly pages: Pages;
  /** The names to which pages are answered; announces are answered to any. */
  readonly names: HostNames;
  readonly log: Log;
  /** Called with whatever goes wrong with one request; the frontend goes on. */
  readonly onError: (cause: unknown) => void;
}

/** A frontend that listens. */
export interface Frontend {
  /** Of HTTP and UDP. */
  readonly port: number;
  /** Stops listening; resolves when nothing is answered any more. */
  close(): Promise<void>;
}

/** Opens a frontend. Resolves when HTTP and UDP listen; rejects, with nothing left open, if one of them cannot. */
export type OpenFrontend = (options: FrontendOptions) => Promise<Frontend>;
