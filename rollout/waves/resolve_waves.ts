/**
 * Which hosts the waves of a plan are, by the roster as it is when the rollout is started. Pure, and always the same for the
 * same fleet: what was shown by a check is what is started.
 *
 * @module
 */

import { listNames } from "../name_list.ts";
import type { Gate } from "./gate_entry.ts";
import { type GatePlan, resolveGate } from "./gate_plan.ts";
import { type KnownHost, orderBySpread } from "./spread.ts";
import {
  countHosts,
  describeItem,
  isGateItem,
  type WaveList,
  type WaveSelection,
  type WaveSize,
} from "./wave_list.ts";

/** A wave with its hosts. */
export interface ResolvedWave {
  /** The hosts that no earlier wave covers; `null`: all of the service, as in the last wave. */
  readonly hosts: readonly string[] | null;
  /** The gate before it; left out: none. */
  readonly gate?: Gate;
  /** How many of its hosts may fail before the rollout halts; left out: as many as the policy allows. */
  readonly maxFailures?: number;
}

/** The waves of a service, or what is wrong with them. */
export interface ResolvedWaves {
  readonly waves: readonly ResolvedWave[];
  /** What the operator should know: waves that are left out since they would be empty. */
  readonly notes: readonly string[];
  readonly problems: readonly string[];
}

/**
 * Chooses the hosts of each wave. A size counts those of earlier waves: `[1, 10%, 100%]` are one host, then as many more as
 * make a tenth (rounded up), then the rest. A wave for which no host is left is left out; the one that takes the last hosts
 * covers all, also those that join the roster later.
 */
export function resolveWaves(
  service: string,
  { list, hosts }: { readonly list: WaveList; readonly hosts: readonly KnownHost[] },
): ResolvedWaves {
  const notes: string[] = [];
  const problems: string[] = [];
  const covered = new Set<string>();
  const chosen: { hosts: string[]; rules: Omit<ResolvedWave, "hosts"> }[] = [];
  // A gate before a wave that is left out stands before the next one, unless that has its own.
  let gate: { gate?: Gate } = {};
  const gateOf = (plan: GatePlan): { gate?: Gate } => {
    const resolved = resolveGate(plan, hosts);
    if ("gate" in resolved) return resolved;
    problems.push(`service "${service}": waves: ${resolved.problem}`);
    return {};
  };
  for (const item of list) {
    if (isGateItem(item)) {
      gate = gateOf(item.gate);
      continue;
    }
    const of = `service "${service}": waves: ${describeItem(item)}`;
    const selection: WaveSelection = typeof item === "object" ? item : { size: item };
    const { maxFailures } = selection;
    const failures = maxFailures === undefined ? {} : { maxFailures };
    const found = hosts.filter((host) => isOf(host, selection));
    const unknown = unknownIn(selection, { hosts, foundCount: found.length });
    problems.push(...unknown.map((problem) => `${of}: ${problem}`));
    const groups = groupsOf(found, selection);
    for (const [index, group] of groups.entries()) {
      const left = orderBySpread(group.filter(({ host }) => !covered.has(host)));
      const wantedCount = hostCount(selection.size ?? "all", group.length);
      const coveredCount = group.length - left.length;
      const wave = left.slice(0, Math.max(0, wantedCount - coveredCount)).map(({ host }) => host)
        .sort();
      if (wave.length > 0) chosen.push({ hosts: wave, rules: { ...gate, ...failures } });
      else if (unknown.length === 0) notes.push(`${of}: left out, no host is left for it`);
      if (wave.length > 0) gate = {};
      // It stands between the waves of this item, and not after the last one.
      if (selection.gate !== undefined && index < groups.length - 1 && chosen.length > 0) {
        gate = gateOf(selection.gate);
      }
      for (const host of wave) covered.add(host);
    }
  }
  const missing = hosts.filter(({ host }) => !covered.has(host)).map(({ host }) => host).sort();
  if (missing.length > 0 && problems.length === 0) {
    problems.push(
      `service "${service}": waves: ${missing.length} of ${countHosts(hosts.length)} are in no ` +
        `wave (${listNames(missing)}): end with 100%`,
    );
  }
  const waves = chosen.map((wave, index): ResolvedWave => ({
    ...wave.rules,
    hosts: index === chosen.length - 1 ? null : wave.hosts,
  }));
  return { waves, notes, problems };
}

function isOf(
  { host, site, rack, labels }: KnownHost,
  wanted: WaveSelection,
): boolean {
  return (wanted.site === undefined || site === wanted.site) &&
    (wanted.rack === undefined || rack === wanted.rack) &&
    (wanted.hosts === undefined || wanted.hosts.includes(host)) &&
    Object.entries(wanted.labels ?? {}).every(([name, value]) => labels[name] === value);
}

/** What a selection names that no host has. */
function unknownIn(
  { site, rack, labels = {}, hosts: named = [] }: WaveSelection,
  { hosts, foundCount }: { readonly hosts: readonly KnownHost[]; readonly foundCount: number },
): string[] {
  const expected = (what: string, known: readonly string[]) =>
    `expected ${what} (there: ${listNames([...new Set(known)].sort(), KNOWN_MAX) || "none"})`;
  const names = hosts.map(({ host }) => host);
  const problems = [
    ...site === undefined || hosts.some((host) => host.site === site)
      ? []
      : [expected("the site of a host", hosts.map((host) => host.site))],
    ...rack === undefined || hosts.some((host) => host.rack === rack)
      ? []
      : [expected("the rack of a host", hosts.map((host) => host.rack))],
    ...named.filter((host) => !names.includes(host)).map((host) => {
      const problem = expected("a host that runs the service", names);
      // A single one is what the message begins with.
      return named.length === 1 ? problem : `${host}: ${problem}`;
    }),
    ...Object.entries(labels).flatMap(([name, value]) =>
      hosts.some((host) => host.labels[name] === value) ? [] : [expected(
        "a label of a host",
        hosts.flatMap((host) => Object.entries(host.labels).map((label) => label.join("="))),
      )]
    ),
  ];
  if (problems.length > 0 || foundCount > 0) return problems;
  return ["expected at least one host of which all of that is true, there is none"];
}

/** Most names that a message about what there is lists: two lines of a terminal. */
const KNOWN_MAX = 20;

/** The hosts of the waves that one item stands for. */
function groupsOf(hosts: readonly KnownHost[], { each }: WaveSelection): KnownHost[][] {
  if (each === undefined) return hosts.length === 0 ? [] : [[...hosts]];
  const nameOf = ({ site, rack }: KnownHost) => each === "site" ? site : `${site}/${rack}`;
  const groups = Map.groupBy(hosts, nameOf);
  return [...groups.keys()].sort().map((name) => groups.get(name) ?? []);
}

/** How many hosts a size is. A share is rounded up, so that it is never nobody. */
function hostCount(size: WaveSize, hostsCount: number): number {
  if (size === "all") return hostsCount;
  if (typeof size === "number") return Math.min(size, hostsCount);
  return Math.ceil((Number.parseInt(size, 10) * hostsCount) / 100);
}
