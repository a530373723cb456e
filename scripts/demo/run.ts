/**
 * Runs a demo from its command line to its exit status, and cleans up however it ends. The folder: `story.ts` is the demo
 * itself, `fleet.ts` starts the processes through `commands.ts` and `children.ts`; snapshots of the status go through
 * `status_follower.ts` to the display and to the meters, and with the probes of `sampler.ts` into the report.
 *
 * @module
 */

import { CommanderError } from "@commander-js/extra-typings";
import { terminalJson } from "../../cli/shared/terminal_text.ts";
import { type BorrowedZooKeeper, borrowZooKeeper } from "./borrowed_zookeeper.ts";
import { DemoError, StopRequested } from "./deadlines.ts";
import { Display } from "./display.ts";
import { layOutFleet } from "./fleet_layout.ts";
import { Fleet } from "./fleet.ts";
import { type DemoOptions, EXIT_USAGE, parseDemoOptions } from "./options.ts";
import { addProblems, type DemoReport, makeFailureReport } from "./report.ts";
import { timingsOf } from "./steps.ts";
import { tellStory } from "./story.ts";
import { renderSummary } from "./summary.ts";
import { Workspace } from "./workspace.ts";

const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const EXIT_FAILURE = 1;

/** Runs the demo and returns its exit status. */
export async function runDemo(args: readonly string[]): Promise<number> {
  let options: DemoOptions;
  try {
    options = parseDemoOptions(args, {
      writeOut: (text) => writeTo(Deno.stdout, text),
      writeErr: (text) => writeTo(Deno.stderr, text),
    });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : EXIT_USAGE;
  }
  const abort = new AbortController();
  let workspace: Workspace | null = null;
  const ignoreSignals = listenForSignals(abort, () => workspace?.closeAtOnce());
  workspace = await Workspace.create({
    keep: options.keep,
    onUnexpectedEnd: (error) => abort.abort(error),
  });
  const hosts = layOutFleet(options.hostsCount);
  const display = new Display(hosts, { toStderr: options.json });

  let fleet: Fleet | null = null;
  let borrowed: BorrowedZooKeeper | null = null;
  let report: DemoReport;
  try {
    borrowed = options.zookeeper === null ? null : await borrowZooKeeper(options.zookeeper);
    fleet = new Fleet({
      workspace,
      hosts,
      program: options.program,
      zookeeper: borrowed?.address ?? null,
      signal: abort.signal,
      onFailure: (error) => abort.abort(error),
    });
    report = await tellStory({ options, workspace, fleet, display, signal: abort.signal });
  } catch (error) {
    report = makeFailureReport([describe(error)], timingsOf(display.steps));
  }
  // After a demo that came to its end, the table shows everything.
  display.close({ showsHosts: report.rollout === null });
  const cleanUpProblems = await cleanUp(workspace, {
    fleet,
    borrowed,
    wasOrderly: report.rollout !== null,
  });
  report = addProblems(report, cleanUpProblems);
  display.write(renderSummary(report, display.colors));
  if (options.keep) display.write(` kept: ${workspace.folder}\n`);
  if (options.json) writeTo(Deno.stdout, `${terminalJson(report)}\n`);
  ignoreSignals();

  if (abort.signal.reason instanceof StopRequested) return abort.signal.reason.exitStatus;
  return report.ok ? 0 : EXIT_FAILURE;
}

/** Ends the demo in order at the first signal, at once at the second one. Returns what removes the handlers. */
function listenForSignals(abort: AbortController, endAtOnce: () => void): () => void {
  const listeners = STOP_SIGNALS.map((name) => {
    const listener = () => {
      if (abort.signal.reason instanceof StopRequested) endAtOnce();
      else abort.abort(new StopRequested(name));
    };
    Deno.addSignalListener(name, listener);
    return { name, listener };
  });
  return () => {
    for (const { name, listener } of listeners) Deno.removeSignalListener(name, listener);
  };
}

async function cleanUp(
  workspace: Workspace,
  { fleet, borrowed, wasOrderly }: {
    readonly fleet: Fleet | null;
    readonly borrowed: BorrowedZooKeeper | null;
    readonly wasOrderly: boolean;
  },
): Promise<string[]> {
  try {
    const { foundCount, leftCount } = await workspace.close({ first: fleet?.agents ?? [] });
    await borrowed?.giveBack();
    if (leftCount > 0) return [`clean-up: ${leftCount} processes could not be ended`];
    // After a failure some processes may be left: an agent may have had no time to end its services.
    return wasOrderly && foundCount > 0
      ? [`clean-up: the commands left ${foundCount} processes behind when they were stopped`]
      : [];
  } catch (error) {
    return [`clean-up: ${describe(error)}`];
  }
}

function describe(error: unknown): string {
  if (error instanceof DemoError || error instanceof StopRequested) return error.message;
  return error instanceof Error ? error.stack ?? error.message : String(error);
}

function writeTo(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
}
