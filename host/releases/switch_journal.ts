/**
 * The write-ahead journal of a switch: a host notes each step before it takes it, so that after a crash
 * the switch is resumed or undone instead of repeated blindly. Which step follows which is decided in
 * `actors/upgrade_coordinator/machine/switch.ts`.
 *
 * @module
 */

import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { type CorruptFile, readJsonFile, syncFolder, writeJsonFile } from "../atomic_file.ts";

/** The steps of a switch in their order, if nothing fails; the last one is the way back after a failure. */
export const SWITCH_STEPS = [
  "draining",
  "stopping",
  "pointing",
  "starting",
  "checking",
  "baking",
  "reporting",
  "rolling_back",
] as const;

/** A step of a switch. */
export type SwitchStep = typeof SWITCH_STEPS[number];

const JOURNAL_SCHEMA = 1;

const entrySchema = z.object({
  schema: z.literal(JOURNAL_SCHEMA),
  step: z.enum(SWITCH_STEPS),
  /** The version that runs before the switch; null when the host has none yet. */
  from: z.string().nullable(),
  /** The version to switch to. */
  to: z.string(),
  /** When the step began, milliseconds since 1970. */
  since: z.number(),
  /** What belongs to the switch elsewhere, such as the path of its slot. */
  context: z.record(z.string(), z.string()).default({}),
});

/** One entry: the step that is about to be taken or is under way. */
export interface SwitchEntry {
  step: SwitchStep;
  /** The version before the switch; null when there was none. */
  from: string | null;
  /** The version to switch to. */
  to: string;
  /** When the step began, milliseconds since 1970. */
  since: number;
  /** What belongs to the switch elsewhere, such as the path of its slot. */
  context?: Readonly<Record<string, string>>;
}

/** The journal's content. A caller treats `corrupt` as `absent` and logs a warning. */
export type SwitchJournalState =
  | { state: "absent" }
  | { state: "present"; entry: SwitchEntry }
  | { state: "corrupt"; file: CorruptFile };

/** The journal of one service: a single entry, which is replaced at each step. */
export class SwitchJournal {
  readonly path: string;

  /** @param path see `ReleaseLayout.switchJournal`. */
  constructor(path: string) {
    this.path = path;
  }

  /** Reads the switch that is under way, if there is one. */
  read(): SwitchJournalState {
    const file = readJsonFile(this.path);
    if (file.state !== "present") return file;
    const parsed = entrySchema.safeParse(file.value);
    if (!parsed.success) {
      const reason = `expected a switch's entry: ${z.prettifyError(parsed.error)}`;
      return { state: "corrupt", file: { path: this.path, reason } };
    }
    const { schema: _, ...entry } = parsed.data;
    return { state: "present", entry };
  }

  /** Replaces the entry; it is on disk when the call returns, so that the step may be taken. */
  write(entry: SwitchEntry): void {
    writeJsonFile(this.path, { schema: JOURNAL_SCHEMA, ...entry });
  }

  /** Removes the entry when the switch is over; the removal is on disk when the call returns. */
  clear(): void {
    rmSync(this.path, { force: true });
    syncFolder(dirname(this.path));
  }
}
