/**
 * Where everything of a service lies below the data folder:
 *
 *     data/.rollcall.lock             held by the one agent of this data folder
 *     data/<service>/<version>/           a complete release, verified, never written to again
 *     data/<service>/<version>.partial/   a release that is being fetched
 *     data/<service>/current              a link to the version that runs
 *     data/<service>/.rollcall/           what Rollcall itself keeps: receipts, torrents, records, logs
 *
 * This file only computes paths; release_store.ts uses them.
 *
 * @module
 */

import { join } from "node:path";
import { checkServiceName, checkVersionName, PARTIAL_SUFFIX } from "./names.ts";

/** The paths of one version; `final` and `partial` are the two states of the same folder. */
export interface VersionPaths {
  /** The complete release. */
  final: string;
  /** The release while it is fetched. */
  partial: string;
  /** What its files looked like when they were verified; see release_receipt.ts. */
  receipt: string;
  /** Its .torrent file. */
  torrent: string;
  /** The status file of its pin keeper. */
  pinStatus: string;
  /** The fetcher's journal of verified pieces. */
  progress: string;
}

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

  /** @throws {HostError} `NAME_INVALID`. */
  constructor(dataDir: string, service: string) {
    checkServiceName(service);
    this.dataDir = dataDir;
    this.service = service;
    this.serviceDir = join(dataDir, service);
    this.stateDir = join(this.serviceDir, ".rollcall");
    this.currentLink = join(this.serviceDir, "current");
    this.trashDir = join(this.stateDir, "trash");
    this.processRecord = join(this.stateDir, "process.json");
    this.serviceLog = join(this.stateDir, "service.log");
    this.switchJournal = join(this.stateDir, "switch.json");
  }

  /** The paths of a version. @throws {HostError} `NAME_INVALID`. */
  paths(version: string): VersionPaths {
    checkVersionName(version);
    return {
      final: join(this.serviceDir, version),
      partial: join(this.serviceDir, version + PARTIAL_SUFFIX),
      receipt: join(this.stateDir, `${version}.receipt.json`),
      torrent: join(this.stateDir, `${version}.torrent`),
      pinStatus: join(this.stateDir, `${version}.pin.json`),
      progress: join(this.stateDir, `${version}.progress.json`),
    };
  }
}
