/**
 * The record of the service's process on disk. It is written twice: before the start with the
 * instance's id alone, which the process gets into its environment, and after it with the pid. So
 * whenever the agent dies, the next one finds the process.
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
  /** ms since 1970. */
  startedAt: z.number(),
  bootId: z.string(),
  /** Both absent while the process is being started. */
  pid: z.int().positive().optional(),
  startTimeTicks: z.number().optional(),
});

/** See the file's head. */
export type ServiceRecord = Omit<z.output<typeof recordSchema>, "schema">;

/** The record, or null when there is none that can be read: then there is nothing to adopt. */
export function readServiceRecord(path: string): ServiceRecord | null {
  const file = readJsonFile(path);
  if (file.state !== "present") return null;
  const parsed = recordSchema.safeParse(file.value);
  return parsed.success ? parsed.data : null;
}

/** Replaces the record; on disk when it returns. */
export function writeServiceRecord(path: string, record: ServiceRecord): void {
  writeJsonFile(path, { schema: RECORD_SCHEMA, ...record });
}

/** Removes the record; absent is fine. */
export function removeServiceRecord(path: string): void {
  rmSync(path, { force: true });
}
