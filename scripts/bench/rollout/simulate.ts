/**
 * Measures a rollout of ours in the simulated setting.
 *
 * @module
 */

import { DidNotComplete } from "./did_not_complete.ts";
import type { Outcome } from "./measure.ts";

const PROCESS = new URL("./simulated_process.ts", import.meta.url).pathname;

/** Memory for its objects, in MiB: some 10,000 agents fit. */
const HEAP_MIB = 12_000;

/** How long it may take beyond its limit, in ms: one event of a large fleet takes its time. */
const GRACE_MS = 60_000;

/** What is measured, and for how long at most. */
export interface SimulationOptions {
  readonly hostCount: number;
  readonly settleMs: number;
  readonly idleMs: number;
  /** Most real time that it may take. */
  readonly realLimitMs: number;
}

/** Measures one rollout. @throws {DidNotComplete} */
export async function simulate(options: SimulationOptions): Promise<Outcome> {
  const { hostCount, settleMs, idleMs, realLimitMs } = options;
  const limits = [hostCount, settleMs, idleMs, realLimitMs].map(String);
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--no-check", `--v8-flags=--max-old-space-size=${HEAP_MIB}`],
      ...[PROCESS, ...limits],
    ],
    stdin: "null",
    signal: AbortSignal.timeout(realLimitMs + GRACE_MS),
  }).output();
  const text = new TextDecoder();
  if (!success) {
    const reason = text.decode(stderr).trim().split("\n").at(-1) ?? "";
    throw new DidNotComplete(`the simulation has ended early: ${reason || "it was killed"}`);
  }
  const said = JSON.parse(text.decode(stdout)) as Outcome | { readonly failure: string };
  if ("failure" in said) throw new DidNotComplete(said.failure);
  return said;
}
