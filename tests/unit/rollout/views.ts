/**
 * Small builders for the entries and views that the tests of the protocol's functions start from.
 *
 * @module
 */

import {
  type Current,
  DEFAULT_POLICY,
  type FirstWave,
  type Policy,
  SCHEMA_VERSION,
  type Service,
  type ServiceView,
  type Slot,
  type Staged,
} from "../../../rollout/mod.ts";

/** The info hashes of two releases that may have the same version. */
export const HASHES = ["a".repeat(40), "b".repeat(40)] as const;

/** What a rule decided on, without info hash and restart, for tests in which nobody says which content a version has. */
export function withoutHash<T extends object>(decision: T): Omit<T, "infoHash" | "restart"> {
  const { infoHash: _, restart: _restart, ...rest } = decision as T & {
    infoHash?: unknown;
    restart?: unknown;
  };
  return rest;
}

/** A host's entry: serving version 1. */
export function current(host: string, entry: Partial<Current> = {}): Current {
  return {
    schema: SCHEMA_VERSION,
    host,
    agent: `${host}-agent`,
    site: "north",
    rack: "r1",
    version: "1",
    state: "serving",
    sinceMs: 0,
    pinnedBytes: 0,
    preparation: null,
    received: null,
    waitingFor: null,
    endpoint: null,
    ...entry,
  };
}

/** A slot for the switch from 1 to 2, taken at 0. */
export function slot(host: string, entry: Partial<Slot> = {}): Slot {
  return {
    schema: SCHEMA_VERSION,
    host,
    from: "1",
    to: "2",
    step: "draining",
    sinceMs: 0,
    wave: "A-0000000000",
    reason: null,
    ...entry,
  };
}

/** The slot of a host whose switch failed. */
export function failedSlot(host: string, entry: Partial<Slot> = {}): Slot {
  return slot(host, { step: "failed", reason: "health gate", ...entry });
}

/** A service that has version 1 committed. */
export function service(entry: Partial<Service> = {}): Service {
  return {
    schema: SCHEMA_VERSION,
    dependsOn: [],
    policy: DEFAULT_POLICY,
    committed: { service: "A", version: "1", infoHash: null, sizeBytes: 0, torrentUrl: null },
    withdrawn: [],
    ...entry,
  };
}

/** A wave that takes all hosts of A to 2. */
export function wave(entry: Partial<FirstWave> = {}): FirstWave {
  return {
    node: "A-0000000000",
    znodeVersion: 0,
    service: "A",
    version: "2",
    hosts: null,
    ...entry,
  };
}

/** What differs from a fleet of three that is all staged and may begin. */
export interface ViewChanges {
  readonly roster?: readonly string[];
  /** Entries that differ; `null` takes the host offline. */
  readonly current?: Readonly<Record<string, Partial<Current> | null>>;
  readonly staged?: readonly string[];
  /** The info hash of what is staged. */
  readonly stagedHash?: string | null;
  readonly slots?: readonly Slot[];
  readonly policy?: Partial<Policy>;
  readonly wave?: FirstWave | null;
  readonly control?: ServiceView["control"];
  readonly newcomers?: readonly string[];
  /** The racks of hosts that are not in r1. */
  readonly racks?: Readonly<Record<string, string>>;
}

/** A view of A: web-1 to web-3 serve 1 and have 2 staged, in that order, unless said otherwise. */
export function view(changes: ViewChanges = {}): ServiceView {
  const roster = changes.roster ?? ["web-1", "web-2", "web-3"];
  const entries = roster.flatMap((host): [string, Current][] => {
    const change = changes.current?.[host];
    return change === null ? [] : [[host, current(host, change ?? {})]];
  });
  return {
    control: changes.control ?? null,
    controlVersion: 0,
    wave: changes.wave === undefined ? wave() : changes.wave,
    policy: { ...DEFAULT_POLICY, ...changes.policy },
    roster,
    rosterEntries: new Map(roster.map((host) => [host, {
      schema: SCHEMA_VERSION,
      site: "north",
      rack: changes.racks?.[host] ?? "r1",
      ...(changes.newcomers?.includes(host) ? { newcomer: true } : {}),
    }])),
    current: new Map(entries),
    staged: (changes.staged ?? roster).map((host): Staged => ({
      schema: SCHEMA_VERSION,
      host,
      version: "2",
      ...(changes.stagedHash === undefined ? {} : { infoHash: changes.stagedHash }),
    })),
    slots: new Map((changes.slots ?? []).map((slot) => [slot.host, slot])),
    slotsVersion: 0,
    dependencies: [],
  };
}
