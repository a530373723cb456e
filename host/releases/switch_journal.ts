/**
 * Where a host notes the step of a switch before it takes it, so that after a crash the switch is
 * resumed or undone instead of repeated blindly. Which step follows which is decided elsewhere.
 */

import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { type CorruptFile, readJsonFile, syncFolder, writeJsonFile } from "../atomic_file.ts";

/** The steps of a switch, in the order in which an undisturbed one takes them; then the way back. */
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

/** See {@linkcode SWITCH_STEPS}. */
export type SwitchStep = typeof SWITCH_STEPS[number];

const JOURNAL_SCHEMA = 1;

const entrySchema = z.object({
  schema: z.literal(JOURNAL_SCHEMA),
  step: z.enum(SWITCH_STEPS),
  /** The version that runs before the switch; null when the host has none yet. */
  from: z.string().nullable(),
  /** The version to switch to. */
  to: z.string(),
  /** Since when in this step, ms since 1970. */
  since: z.number(),
  /** What belongs to it elsewhere, such as the path of the slot. */
  context: z.record(z.string(), z.string()).default({}),
});

/** One entry: the step that is about to be taken or is under way. */
export interface SwitchEntry {
  step: SwitchStep;
  /** The version before the switch; null when there was none. */
  from: string | null;
  /** The version to switch to. */
  to: string;
  /** Since when in this step, ms since 1970. */
  since: number;
  /** What belongs to it elsewhere, such as the path of the slot. */
  context?: Readonly<Record<string, string>>;
}

/** What the journal holds. `corrupt` counts as absent; the caller warns. */
export type SwitchJournalState =
  | { state: "absent" }
  | { state: "present"; entry: SwitchEntry }
  | { state: "corrupt"; file: CorruptFile };

/** The journal of one service; one entry, replaced with each step. */
export class SwitchJournal {
  readonly path: string;

  /** @param path see `ReleaseLayout.switchJournal`. */
  constructor(path: string) {
    this.path = path;
  }

  /** The switch under way, if any. */
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

  /** Replaces the entry; on disk when it returns, so that the step may be taken. */
  write(entry: SwitchEntry): void {
    writeJsonFile(this.path, { schema: JOURNAL_SCHEMA, ...entry });
  }

  /** The switch is over; on disk when it returns. */
  clear(): void {
    rmSync(this.path, { force: true });
    syncFolder(dirname(this.path));
  }
}
