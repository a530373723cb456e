/**
 * `rollcall pin`: which pages of files are in memory; brings them in, has them leave, or locks them, as vmtouch does.
 *
 * @module
 */

import { resolve } from "node:path";
import { systemClock } from "../../base/clock.ts";
import { HostError } from "../../host/errors.ts";
import { LibcError } from "../../ffi/mod.ts";
import { evictFiles, touchFiles } from "../../host/pinning/page_touch.ts";
import {
  type PinSelection,
  type SelectedFiles,
  selectFiles,
} from "../../host/pinning/pin_selection.ts";
import { CommandError, InterruptedError } from "../shared/errors.ts";
import { writeJson, writeLine } from "../shared/output.ts";
import { terminalText } from "../shared/terminal_text.ts";
import { listenForStop, type StopSignal } from "../shared/stop_signal.ts";
import { withAdvice } from "./advice.ts";
import { checkTogether, type PinOptions } from "./options.ts";
import { readPathList } from "./path_list.ts";
import {
  type FileReport,
  type PinAction,
  renderMap,
  renderSummary,
  reportFiles,
} from "./report.ts";

/** Runs the command. */
export async function runPin(named: readonly string[], options: PinOptions): Promise<void> {
  checkTogether(named, options);
  const beganMs = systemClock.nowMs();
  const { batch, nul } = options;
  const listed = batch === undefined ? [] : await readPathList(batch, { endsInNul: nul });
  const selection: PinSelection = {
    paths: [...named, ...listed].map((path) => resolve(path)),
    maxFileBytes: options.maxFileSize,
    range: options.range,
    ignore: options.ignore,
    only: options.only,
    followLinks: options.follow,
    oneFileSystem: options.oneFileSystem,
  };
  using stop = listenForStop();
  try {
    if (options.lock) await lock(selection, options, { stop, beganMs });
    else await look(selection, options, { stop, beganMs });
  } catch (error) {
    throw explain(error, stop);
  }
}

/** A moment of the command: how it is stopped, and when it began. */
interface Run {
  readonly stop: StopSignal;
  readonly beganMs: number;
}

async function look(selection: PinSelection, options: PinOptions, run: Run): Promise<void> {
  const { touch, evict, check } = options;
  const { signal } = run.stop;
  const selected = selectFiles(selection);
  sayWhatIsLeftOut(selected, options);
  const action = touch ? "Touched" : evict ? "Evicted" : "Resident";
  if (touch) await touchFiles(selected.files, { signal });
  if (evict) await evictFiles(selected.files, { signal });
  const report = show(selected, options, { ...run, action });
  if (check && report.residentBytes < report.sizeBytes) {
    throw new CommandError(
      `pin: expected all ${report.pages} pages in memory, ${report.residentPages} are`,
    );
  }
}

async function lock(selection: PinSelection, options: PinOptions, run: Run): Promise<void> {
  // Who only looks does not wait for what it takes to start a keeper.
  const { lockHere, lockInBackground } = await import("./lock.ts");
  const { daemon, wait, maxBytes = Infinity, margin, pidFile, quiet, json } = options;
  const order = {
    selection,
    limitBytes: maxBytes,
    marginBytes: margin,
    pidPath: pidFile === undefined ? undefined : resolve(pidFile),
  };
  if (!daemon) {
    const selected = selectFiles(selection);
    sayWhatIsLeftOut(selected, options);
    await lockHere(order, {
      stop: run.stop,
      onLocked: () => show(selected, options, { ...run, action: "Locked", pid: Deno.pid }),
    });
    return;
  }
  const { pid, status } = await lockInBackground(order, { stop: run.stop, waits: wait });
  const seconds = (systemClock.nowMs() - run.beganMs) / 1000;
  if (json) {
    writeJson({
      action: status === null ? "locking" : "locked",
      pid,
      seconds,
      ...status === null ? {} : { files: status.filesCount, sizeBytes: status.totalBytes },
    });
  } else if (!quiet) {
    writeLine(
      status === null
        ? `Process ${pid} locks them; --wait waits until that is done.`
        : `LOCKED ${status.totalBytes} bytes in ${status.filesCount} files; process ${pid} holds them.`,
    );
  }
}

function show(
  selected: SelectedFiles,
  { verbose, quiet, json }: PinOptions,
  { beganMs, action, pid }: Pick<Run, "beganMs"> & {
    readonly action: PinAction;
    readonly pid?: number;
  },
) {
  const list: FileReport[] = [];
  const report = reportFiles(selected, (file, one) => {
    if (!verbose) return;
    if (json) list.push(one);
    else if (!quiet) {
      writeLine(`${one.path}\n${renderMap(file)} ${one.residentPages}/${one.pages}`);
    }
  });
  const seconds = (systemClock.nowMs() - beganMs) / 1000;
  if (json) {
    const { skipped } = selected;
    const what = action.toLowerCase();
    const holder = pid === undefined ? {} : { pid };
    writeJson({ action: what, ...holder, ...report, seconds, skipped, ...verbose ? { list } : {} });
  } else if (!quiet) {
    writeLine(`${verbose ? "\n" : ""}${renderSummary(report, { action, seconds })}`);
  }
  return report;
}

function sayWhatIsLeftOut({ skipped }: SelectedFiles, { quiet, json }: PinOptions): void {
  if (quiet || json) return;
  for (const { path, reason } of skipped) {
    const line = terminalText(`rollcall: left out ${path}: ${reason}`);
    Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
  }
}

/** An error of the host as one message, with what to do. */
function explain(error: unknown, { signal }: StopSignal): unknown {
  if (signal.aborted && error === signal.reason) return new InterruptedError("pin: stopped");
  if (error instanceof HostError) return withAdvice(error);
  if (error instanceof LibcError || isFileError(error)) {
    return new CommandError(`pin: ${(error as Error).message}`, { cause: error });
  }
  return error;
}

function isFileError(error: unknown): boolean {
  return error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotFound;
}
