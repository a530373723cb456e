/**
 * Whether the gate before a wave opens. Pure. No process is in charge of a gate: every host of the service has a stopwatch of
 * its own, which runs since it has first seen the wave next with control running, and whoever finds the time to have passed
 * opens the gate. So a host whose agent is started again begins anew, and the others do not. No clocks are compared.
 *
 * Opening is a change of the wave's entry, and an admission depends on that entry's version.
 *
 * @module
 */

import type { Census } from "./census.ts";
import { formatDurationMs } from "./duration.ts";
import type { FirstWave } from "./service_view.ts";
import { type Gate, isOpenedByPerson } from "./waves/gate_entry.ts";

/** What a host knows of the gate before the wave that is next, by its own stopwatch. */
export interface GateWatch {
  /** Name of the wave's node. */
  readonly node: string;
  /** How long it has seen the wave next with control running, in ms. A pause or a halt begins that anew. */
  readonly seenMs: number;
  /** Since when, by its wall clock: for words. */
  readonly sinceMs: number;
  /** For how long the check has held here, in ms; `null` while it fails, or if it was not made here. */
  readonly heldMs: number | null;
  /** What the last check that failed has said; `null` if none has. */
  readonly lastWords: string | null;
}

/** What to do about a gate. */
export type GateDecision =
  /** There is none, or it is open. */
  | { readonly kind: "open" }
  /** Open it. */
  | { readonly kind: "opens"; readonly how: string }
  /** The check has not held: halt the rollout. */
  | { readonly kind: "halts"; readonly reason: string }
  /** `againMs`: when to look again, in ms; `null`: there is nothing to look for. */
  | { readonly kind: "closed"; readonly againMs: number | null };

/** How much longer than those that make the check the other hosts wait until they halt the rollout, since nobody has. */
const BYSTANDER_MS = 60_000;

/** The gate before the wave, unless it is open; `null` if there is none. */
export function closedGate(wave: Pick<FirstWave, "gate"> | null): Gate | null {
  const gate = wave?.gate ?? null;
  return gate === null || gate.opened !== undefined ? null : gate;
}

/**
 * Decides what to do about the gate before the wave that is next for the host's service.
 *
 * @param own.watch What the host knows of it; `null` or of another wave: nothing yet.
 */
export function decideGate(
  { wave, control }: Pick<Census, "wave" | "control">,
  { service, host, watch }: {
    readonly service: string;
    readonly host: string;
    readonly watch: GateWatch | null;
  },
): GateDecision {
  const gate = closedGate(wave);
  if (wave === null || wave.service !== service || gate === null) return { kind: "open" };
  const closed = (againMs: number | null = null): GateDecision => ({ kind: "closed", againMs });
  const isRunning = control === null || control.state === "running";
  if (!isRunning || watch === null || watch.node !== wave.node) return closed();
  const { afterMs = 0, check } = gate;
  if (isOpenedByPerson(gate)) return closed();
  const checkedMs = watch.seenMs - afterMs;
  if (checkedMs < 0) return closed(-checkedMs);
  if (check === undefined) return { kind: "opens", how: `${describeTime(gate)} have passed` };
  if (watch.heldMs !== null && watch.heldMs >= check.forMs) {
    return {
      kind: "opens",
      how: `${describeCheck(check)} has held for ${formatDurationMs(check.forMs)}`,
    };
  }
  const isBystander = !check.hosts.includes(host);
  const leftMs = check.withinMs + (isBystander ? BYSTANDER_MS : 0) - checkedMs;
  if (leftMs > 0) return closed(leftMs);
  const why = isBystander
    ? `nobody has opened it; ${describeHosts(check.hosts)}`
    : watch.lastWords ?? "it has not held for so long";
  return {
    kind: "halts",
    reason: `gate before ${service} ${wave.version}: ${describeCheck(check)} has not held for ` +
      `${formatDurationMs(check.forMs)} within ${formatDurationMs(check.withinMs)}: ${why}`,
  };
}

/**
 * How long a wave may wait at its gate before somebody has to look why nobody opens it or halts, in ms; `null`: for ever, since
 * only a person opens it. Without a closed gate: 0.
 */
export function gateTimeMs(gate: Gate | null): number | null {
  if (gate === null) return 0;
  const { afterMs, check } = gate;
  if (isOpenedByPerson(gate)) return null;
  return (afterMs ?? 0) + (check === undefined ? 0 : check.withinMs + BYSTANDER_MS);
}

/**
 * The shortest time that a wave waits at its gate, in ms: without what a check takes to begin to hold. Without a closed gate, and
 * at one that a person opens: 0.
 */
export function leastGateMs(gate: Gate | null): number {
  return (gate?.afterMs ?? 0) + (gate?.check?.forMs ?? 0);
}

/** Whether the host makes the check of the gate now. */
export function makesCheck(
  gate: Gate,
  { host, watch }: { readonly host: string; readonly watch: GateWatch },
): boolean {
  return gate.check !== undefined && gate.check.hosts.includes(host) &&
    watch.seenMs >= (gate.afterMs ?? 0);
}

/** What a closed gate waits for, in words for an operator. `sinceMs`: by the wall clock; `null`: not known. */
export function describeGate(gate: Gate, sinceMs: number | null): string {
  const since = sinceMs === null ? "" : `, since ${formatTime(sinceMs)}`;
  const { check } = gate;
  if (isOpenedByPerson(gate)) {
    return `gate: waits for \`rollcall rollout promote\`${since}`;
  }
  const time = gate.afterMs === undefined ? [] : [`${describeTime(gate)} to pass`];
  const held = check === undefined
    ? []
    : [`${describeCheck(check)} to hold for ${formatDurationMs(check.forMs)}`];
  return `gate: waits for ${[...time, ...held].join(", then ")}${since}`;
}

function describeTime({ afterMs = 0, baking = [] }: Gate): string {
  const time = formatDurationMs(afterMs);
  return baking.length === 0 ? time : `${time}, in which ${baking.join(", ")} bakes,`;
}

function describeCheck({ url, name }: NonNullable<Gate["check"]>): string {
  return url === undefined ? `check ${name}` : `check ${url}`;
}

function describeHosts(hosts: readonly string[]): string {
  return hosts.length === 0 ? "no host makes it" : `it is made by ${hosts.join(", ")}`;
}

/** A moment to the minute, in UTC. */
function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
