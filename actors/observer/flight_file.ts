/**
 * Flight records on disk: the last events of an agent that has ended by a failure.
 *
 * @module
 */

import { join } from "node:path";
import type { Clock, FlightEvent } from "../runtime/mod.ts";
import type { RecordedEvent } from "./contract.ts";
import { describeError, plainEvents } from "./plain.ts";

/** Most records that are kept: an agent that fails again and again must not fill the disk. */
const KEPT_FILES = 10;

/** The content of a file. */
export interface FlightFile {
  readonly host: string;
  /** When it was written, ISO 8601. */
  readonly writtenAt: string;
  /** The failure. */
  readonly reason: string;
  /** Oldest first. */
  readonly events: readonly RecordedEvent[];
}

/**
 * Writes a record into the folder, which is made if it is missing, and removes the oldest records beyond ten. It is
 * synchronous, because the process may be about to end.
 *
 * @returns The file's path.
 */
export function writeFlightFile(
  folder: string,
  { host, error, events, clock }: {
    readonly host: string;
    readonly error: unknown;
    readonly events: readonly FlightEvent[];
    readonly clock: Clock;
  },
): string {
  const writtenAt = new Date(clock.wallTimeMs()).toISOString();
  const file: FlightFile = {
    host,
    writtenAt,
    reason: describeError(error),
    events: plainEvents(events, clock),
  };
  // Messages may hold what is not for all users of the machine.
  Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${writtenAt.replaceAll(":", "-")}.json`);
  Deno.writeTextFileSync(path, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o640 });
  removeOldest(folder);
  return path;
}

function removeOldest(folder: string): void {
  // Their names are times, so they sort by age.
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => /^\d{4}-.*\.json$/.test(name)).sort();
  for (const name of names.slice(0, -KEPT_FILES)) Deno.removeSync(join(folder, name));
}
