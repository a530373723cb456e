/**
 * What still runs of services that the agent's config has no more: their processes and pin keepers outlive the agent, and
 * nobody watches them.
 *
 * @module
 */

import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { isMissing } from "./atomic_file.ts";
import { pinStatus, releasePin } from "./pinning/mod.ts";
import { adoptService, type ServiceProcess } from "./process/mod.ts";
import { isServiceName, ReleaseLayout } from "./releases/mod.ts";

const PIN_SUFFIX = ".pin.json";

/** What runs of a service. */
export interface RemovedService {
  readonly service: string;
  /** The version and pid of its process; null if it has ended. */
  readonly running: { readonly version: string; readonly pid: number } | null;
  /** The versions that are locked in memory. */
  readonly locked: readonly string[];
}

/** Finds what runs of services other than these, by what their folders hold. */
export function findRemovedServices(
  dataDir: string,
  configured: readonly string[],
): RemovedService[] {
  return readdirSync(dataDir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && isServiceName(entry.name))
    .filter(({ name }) => !configured.includes(name))
    .map(({ name }) => lookAt(new ReleaseLayout(dataDir, name)))
    .filter(({ running, locked }) => running !== null || locked.length > 0)
    .sort((one, other) => one.service < other.service ? -1 : 1);
}

/**
 * Ends what runs of a service: its process, then its keepers.
 *
 * @throws {HostError} when a process survives SIGKILL.
 */
export async function endRemovedService(
  dataDir: string,
  { service, graceMs }: { readonly service: string; readonly graceMs: number },
): Promise<void> {
  const layout = new ReleaseLayout(dataDir, service);
  await findProcess(layout)?.stop({ graceMs });
  for (const version of lockedVersions(layout)) await releasePin(layout.paths(version).pinStatus);
}

function lookAt(layout: ReleaseLayout): RemovedService {
  const process = findProcess(layout);
  process?.detach();
  return {
    service: layout.service,
    running: process === null ? null : { version: process.version, pid: process.pid },
    locked: lockedVersions(layout),
  };
}

function findProcess({ processRecord, serviceLog }: ReleaseLayout): ServiceProcess | null {
  return adoptService(processRecord, { logPath: serviceLog });
}

function lockedVersions(layout: ReleaseLayout): string[] {
  let names: string[];
  try {
    names = readdirSync(layout.stateDir);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
  return names.filter((name) => name.endsWith(PIN_SUFFIX))
    .map((name) => basename(name, PIN_SUFFIX))
    .filter((version) => pinStatus(layout.paths(version).pinStatus)?.alive === true);
}
