/** What tells this machine, and this data folder on it, from a copy of both. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { bootId } from "./process_table.ts";

/** A machine, as an agent on it tells others. */
export interface MachineIdentity {
  /** A digest of the machine's own id and of where the data folder is; the same after a reboot. */
  readonly id: string;
  /** The boot since which it runs, which no two machines have in common. */
  readonly boot: string;
}

/** Digits of the digest: enough to tell the machines of a fleet apart. */
const ID_DIGITS = 16;

/** Reads the identity. `dataDir` is the agent's data folder, as a path without links. */
export function machineIdentity(dataDir: string): MachineIdentity {
  const id = createHash("sha256").update(`${machineId()}\0${dataDir}`).digest("hex")
    .slice(0, ID_DIGITS);
  return { id, boot: bootId() };
}

/** See machine-id(5). A machine without one is known by its boot alone. */
function machineId(): string {
  try {
    return readFileSync("/etc/machine-id", "utf8").trim();
  } catch {
    return "";
  }
}
