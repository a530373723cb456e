/**
 * The waves of a rollout as text: which are over, which are under way, and what a wave waits for at its gate. Pure.
 *
 * @module
 */

import pc from "picocolors";
import type { Fleet, QueuedWave } from "../../coordination/mod.ts";
import { closedGate, countHosts, describeGate } from "../../rollout/mod.ts";
import { layOut, wrapWords } from "../shared/format.ts";

const MARGIN = "         ";

/** The most lines for one gate. */
const GATE_LINES = 3;

/** Renders a line with all waves, and one for each gate that a wave waits at. */
export function renderWaves(
  { waves, state, startedMs }: NonNullable<Fleet["rollout"]>,
  { queue, services }: Pick<Fleet, "queue" | "services">,
  { columns }: { readonly columns: number },
): string[] {
  const queued = matchQueue(waves, queue);
  const labels = waves.map((entry, index) => {
    const { service, version, hosts, finishedMs } = entry;
    const of = hosts === null ? "" : ` (${countHosts(hosts.length)})`;
    const label = `${service} ${version}${of}`;
    if (finishedMs !== null && isLeftOut(entry, services)) {
      return pc.yellow(`– ${label}, left out`);
    }
    if (finishedMs !== null) return pc.green(`✔ ${label}`);
    const wave = queued[index];
    if (state !== "running" || wave?.isNext !== true) return pc.dim(`· ${label}`);
    return closedGate(wave) === null ? pc.cyan(`▶ ${label}`) : pc.yellow(`⏸ ${label}`);
  });
  const endedMs = waves.flatMap(({ finishedMs }) => finishedMs ?? []);
  const sinceMs = Math.max(startedMs, ...endedMs);
  const gates = state !== "running" ? [] : queue.flatMap((wave) => {
    const gate = wave.isNext ? closedGate(wave) : null;
    if (gate === null) return [];
    const text = `${wave.service} ${wave.version}: ${describeGate(gate, sinceMs)}`;
    return wrapWords(text, { columns: columns - MARGIN.length, maxLines: GATE_LINES })
      .map((line) => `${MARGIN}${pc.yellow(line)}`);
  });
  const lines = layOut(labels, { columns: columns - MARGIN.length, indent: 0, gap: "   " });
  return [...lines.map((line, index) => `${index === 0 ? "Waves    " : MARGIN}${line}`), ...gates];
}

/** Whether an operator has left all hosts of a wave out: it is over, and nobody has tried its version. */
function isLeftOut(
  { service, version, hosts }: NonNullable<Fleet["rollout"]>["waves"][number],
  services: Fleet["services"],
): boolean {
  if (hosts === null) return false;
  const known = services[service]?.hosts ?? [];
  return hosts.length > 0 && hosts.every((name) => {
    const slot = known.find(({ host }) => host === name)?.slot ?? null;
    return slot?.skipped !== undefined && slot.to === version;
  });
}

/** The queued wave of each wave of the record that is not over: both are in order. */
function matchQueue(
  waves: NonNullable<Fleet["rollout"]>["waves"],
  queue: readonly QueuedWave[],
): (QueuedWave | undefined)[] {
  const left = [...queue];
  return waves.map(({ service, finishedMs }) => {
    const at = finishedMs === null ? left.findIndex((wave) => wave.service === service) : -1;
    return at < 0 ? undefined : left.splice(at, 1)[0];
  });
}
