/**
 * The record of a service's process on disk: written when the process is there and before its program begins, so that the
 * next agent finds the process, whenever this one dies. The instance's id is also in the environment of the process.
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
  /** The restart that it was started by. Absent: by none. */
  restart: z.string().optional(),
  argv: z.array(z.string()),
  /** Milliseconds since 1970. */
  startedAt: z.number(),
  bootId: z.string(),
  pid: z.int().positive(),
  startTimeTicks: z.number(),
  /** What it was started with, see service_settings.ts. Absent in a record of an earlier version. */
  settings: z.record(z.string(), z.string()).optional(),
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
