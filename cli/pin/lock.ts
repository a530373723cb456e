/**
 * Locks what `rollcall pin --lock` names: in this process until it is told to end, or in a keeper that goes on by itself. Both
 * are the agent's keeper (`host/pinning/`).
 *
 * @module
 */

import { dirname, join, resolve } from "node:path";
import { notifyServiceManager } from "../../ffi/mod.ts";
import { runPinKeeper } from "../../host/pinning/keeper.ts";
import { withPidFile } from "../../host/pinning/pid_file.ts";
import type { PinSelection } from "../../host/pinning/pin_selection.ts";
import type { PinStatus } from "../../host/pinning/pin_status.ts";
import { awaitPinned, startPinByHand } from "../../host/pinning/pins.ts";
import { InterruptedError } from "../shared/errors.ts";
import { selfCommand } from "../shared/self_command.ts";
import type { StopSignal } from "../shared/stop_signal.ts";
import { withAdvice } from "./advice.ts";

/** What is to be locked, and within which limits. */
export interface LockOrder {
  readonly selection: PinSelection;
  readonly limitBytes: number;
  readonly marginBytes: number;
  readonly pidPath: string | undefined;
}

/** Locks in this process, tells systemd when that is done, and holds the pages until the signal. */
export async function lockHere(
  { selection, pidPath, ...limits }: LockOrder,
  { stop, onLocked }: {
    readonly stop: StopSignal;
    readonly onLocked: (status: PinStatus) => void;
  },
): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "rollcall-pin-" });
  let isLocked = false;
  try {
    const end = await withPidFile(pidPath, () =>
      runPinKeeper({
        ...limits,
        selection,
        root: nameOf(selection),
        statusPath: join(folder, "pin.json"),
        isOwned: false,
        signal: stop.signal,
        onLocked(status) {
          isLocked = true;
          onLocked(status);
          notifyServiceManager("READY=1");
        },
      }));
    if (end.type === "failed") throw withAdvice(end.failure);
    if (!isLocked) throw new InterruptedError("pin: ended before all was locked; nothing is");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Has a keeper lock that outlives this command; resolves to its pid, and to its status if it is waited for. */
export async function lockInBackground(
  { selection, pidPath, ...limits }: LockOrder,
  { stop, waits }: { readonly stop: StopSignal; readonly waits: boolean },
): Promise<{ pid: number; status: PinStatus | null }> {
  const folder = Deno.makeTempDirSync({ prefix: "rollcall-pin-" });
  const pin = await startPinByHand({
    ...limits,
    command: selfCommand("pin-keeper"),
    root: nameOf(selection),
    statusPath: join(folder, "pin.json"),
    byHand: { selection, pidPath },
  });
  if (!waits) return { pid: pin.pid, status: null };
  try {
    return { pid: pin.pid, status: await awaitPinned(pin, { signal: stop.signal }) };
  } catch (error) {
    if (stop.signal.aborted) {
      Deno.kill(pin.pid, "SIGTERM");
      throw new InterruptedError("pin: ended before all was locked; nothing is");
    }
    Deno.removeSync(dirname(pin.statusPath), { recursive: true });
    throw error;
  }
}

/** What messages call it. */
function nameOf({ paths }: PinSelection): string {
  const [first = ""] = paths;
  return paths.length === 1 ? resolve(first) : `${paths.length} paths`;
}
