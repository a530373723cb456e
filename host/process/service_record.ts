/**
 * The record of a service's process on disk. It is written twice: before the start with the
 * instance's id alone, which the process also gets in its environment, and after the start with the
 * pid. So the next agent finds the process, whenever this one dies.
 *
 * @module
 */

import { rmSync } from "node:fs";
import { z } from "zod";
import { readJsonFile, writeJsonFile } from "../atomic_file.ts";

const RECORD_SCHEMA = 1;

/** The variable that marks a process, and all that it starts, as one instance of a service. */
export const INSTANCE_VARIABLE = "ROLLCALL_INSTANCE";

const recordSchema = z.object({
  schema: z.literal(RECORD_SCHEMA),
  instance: z.string(),
  version: z.string(),
  argv: z.array(z.string()),
  /** Milliseconds since 1970. */
  startedAt: z.number(),
  bootId: z.string(),
  /** Both absent while the process is being started. */
  pid: z.int().positive().optional(),
  startTimeTicks: z.number().optional(),
});

/** What the record says: which instance of a service was started, when, and as which process. */
export type ServiceRecord = Omit<z.output<typeof recordSchema>, "schema">;

/** Reads the record; null when there is none that can be read, and so nothing to adopt. */
export function readServiceRecord(path: string): ServiceRecord | null {
  const file = readJsonFile(path);
  if (file.state !== "present") return null;
  const parsed = recordSchema.safeParse(file.value);
  return parsed.success ? parsed.data : null;
}

/** Replaces the record; it is on disk when the call returns. */
export function writeServiceRecord(path: string, record: ServiceRecord): void {
  writeJsonFile(path, { schema: RECORD_SCHEMA, ...record });
}

/** Removes the record, if there is one. */
export function removeServiceRecord(path: string): void {
  rmSync(path, { force: true });
}
