/**
 * Where everything of a service lies below the data folder:
 *
 *     data/.rollcall.lock                 held by the one agent of this data folder
 *     data/.agent.json                    the identity of the data folder
 *     data/.flight-records/               what the agent's actors did before crashes
 *     data/<service>/<version>/           a complete release, verified, never written to again
 *     data/<service>/<version>.partial/   a release that is being fetched
 *     data/<service>/current              a link to the version that runs
 *     data/<service>/.rollcall/           what Rollcall itself keeps: receipts, torrents, records, logs
 *
 * This file only computes paths; release_store.ts uses them. Every path below the data folder is made here, because here
 * a name that would lead out of its folder is refused, whoever it came from.
 *
 * @module
 */

import { join } from "node:path";
import { checkServiceName, checkVersionName, PARTIAL_SUFFIX, pathBelow } from "./names.ts";

/** What lies in the data folder itself, beside the services. The names begin with a dot, so no service has them. */
export interface DataDirPaths {
  /** Held by the one agent of this data folder. */
  lock: string;
  /** The identity of the data folder. */
  agentIdentity: string;
  /** The folder of the flight records. */
  flightRecords: string;
}

/** The paths of a data folder. */
export function dataDirPaths(dataDir: string): DataDirPaths {
  return {
    lock: join(dataDir, ".rollcall.lock"),
    agentIdentity: join(dataDir, ".agent.json"),
    flightRecords: join(dataDir, ".flight-records"),
  };
}

/** The paths of one version; `final` and `partial` are the two states of the same folder. Each is made when it is asked for. */
export class VersionPaths {
  readonly #layout: ReleaseLayout;
  readonly #version: string;

  /** Of {@linkcode ReleaseLayout.paths}, which checks the version. */
  constructor(layout: ReleaseLayout, version: string) {
    this.#layout = layout;
    this.#version = version;
  }

  /** The complete release. */
  get final(): string {
    return pathBelow(this.#layout.serviceDir, this.#version);
  }

  /** The release while it is fetched. */
  get partial(): string {
    return pathBelow(this.#layout.serviceDir, this.#version + PARTIAL_SUFFIX);
  }

  /** What its files looked like when they were verified; see release_receipt.ts. */
  get receipt(): string {
    return this.#ofState(".receipt.json");
  }

  /** Its .torrent file. */
  get torrent(): string {
    return this.#ofState(".torrent");
  }

  /** The status file of its pin keeper. */
  get pinStatus(): string {
    return this.#ofState(".pin.json");
  }

  /** The log of its pin keeper. */
  get pinLog(): string {
    return this.#ofState(".pin.json.log");
  }

  /** The fetcher's journal of verified pieces. */
  get progress(): string {
    return this.#ofState(".progress.json");
  }

  /** The counts of bytes that were received of it. */
  get received(): string {
    return this.#ofState(RECEIVED_SUFFIX);
  }

  #ofState(suffix: string): string {
    return pathBelow(this.#layout.stateDir, this.#version + suffix);
  }
}

/** The end of the names of the records of received bytes. */
export const RECEIVED_SUFFIX = ".received.json";

/** The paths of one service. */
export class ReleaseLayout {
  readonly dataDir: string;
  readonly service: string;
  /** `data/<service>`. */
  readonly serviceDir: string;
  /** `data/<service>/.rollcall`. */
  readonly stateDir: string;
  /** The link to the version that runs. */
  readonly currentLink: string;
  /** Where removed releases lie until their files are deleted. */
  readonly trashDir: string;
  /** The record of the service's process. */
  readonly processRecord: string;
  /** The service's standard output and error. */
  readonly serviceLog: string;
  /** The journal of the switch under way; see switch_journal.ts. */
  readonly switchJournal: string;
  /** Names the version into which blocks of other releases are being copied. */
  readonly reuseMarker: string;

  /** @throws {HostError} `NAME_INVALID`. */
  constructor(dataDir: string, service: string) {
    checkServiceName(service);
    this.dataDir = dataDir;
    this.service = service;
    this.serviceDir = pathBelow(dataDir, service);
    this.stateDir = join(this.serviceDir, ".rollcall");
    this.currentLink = join(this.serviceDir, "current");
    this.trashDir = join(this.stateDir, "trash");
    this.processRecord = join(this.stateDir, "process.json");
    this.serviceLog = join(this.stateDir, "service.log");
    this.switchJournal = join(this.stateDir, "switch.json");
    this.reuseMarker = join(this.stateDir, "reuse.json");
  }

  /** The paths of a version. @throws {HostError} `NAME_INVALID`. */
  paths(version: string): VersionPaths {
    checkVersionName(version);
    return new VersionPaths(this, version);
  }
}
