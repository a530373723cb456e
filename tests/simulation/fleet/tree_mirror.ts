/**
 * What is decided: the entries of the tree as of the last change that happened, kept beside the ensemble so that the
 * invariants can be checked without asking anybody. This is the only file that knows how the tree is laid out.
 *
 * @module
 */

import {
  CONTROL,
  type Control,
  type Current,
  DEPLOY,
  type Drained,
  type Offer,
  parseSequentialName,
  ROOT,
  type Roster,
  type Service,
  type Slot,
  type Wave,
} from "../../../rollout/mod.ts";
import { bytesOf } from "../../../zookeeper/server/tree/tree_node.ts";
import type { Change, Replica } from "./replica.ts";

/** A wave in the deploy queue. */
export interface QueuedWave extends Wave {
  readonly node: string;
  readonly sequence: number;
}

/** What the tree says about one service. */
export interface ServiceEntries {
  entry: Service | null;
  offer: Partial<Offer> | null;
  readonly roster: Set<string>;
  /** Those of the roster that have never served, by their entries there. */
  readonly newcomers: Set<string>;
  /** Those that an operator has drained, by their entries there. */
  readonly drained: Map<string, Drained>;
  /** Where the hosts of the roster stand, by their entries there. */
  readonly places: Map<string, Pick<Roster, "site" | "rack">>;
  /** The nodes by which hosts are counted in their racks and sites. */
  readonly placeNodes: Set<string>;
  /** Those that are counted as newcomers. */
  readonly countedAsNew: Set<string>;
  readonly current: Map<string, Current>;
  readonly slots: Map<string, Slot>;
  /** The markers by which hosts are counted, by path. */
  readonly markers: Set<string>;
  /** Hosts in the staging queue, by node. */
  readonly staged: Map<string, { readonly host: string; readonly version: string }>;
}

/** A node that a change has made, changed or removed. */
export interface Difference {
  readonly path: string;
  readonly kind:
    | "control"
    | "wave"
    | "service"
    | "roster"
    | "newcomer"
    | "placed"
    | "current"
    | "slot"
    | "staged"
    | "marker"
    | "offer"
    | "rollout";
  readonly service: string;
  /** The host, or the name of the wave's node. */
  readonly name: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** The entries of the tree. */
export class TreeMirror {
  control: Control | null = null;
  /** Whether services that have nothing to do with each other go at the same time. */
  isParallel = false;
  /** The rollout that was started last. */
  newestRollout: string | null = null;
  readonly #rollouts = new Set<string>();
  readonly waves = new Map<string, QueuedWave>();
  readonly services = new Map<string, ServiceEntries>();
  readonly #decoder = new TextDecoder();

  /** The entries of a service. */
  of(service: string): ServiceEntries {
    let entries = this.services.get(service);
    if (entries === undefined) {
      entries = {
        entry: null,
        offer: null,
        roster: new Set(),
        newcomers: new Set(),
        drained: new Map(),
        countedAsNew: new Set(),
        places: new Map(),
        placeNodes: new Set(),
        current: new Map(),
        slots: new Map(),
        markers: new Set(),
        staged: new Map(),
      };
      this.services.set(service, entries);
    }
    return entries;
  }

  /** The wave at the head of the deploy queue; null if it is empty. */
  get firstWave(): QueuedWave | null {
    let first: QueuedWave | null = null;
    for (const wave of this.waves.values()) {
      if (first === null || wave.sequence < first.sequence) first = wave;
    }
    return first;
  }

  /**
   * The wave that a service's hosts go by; null if it has none, or another one goes before it. Unless the rollout is parallel
   * any earlier wave does; else those of services that it depends on, or that depend on it.
   */
  nextWave(service: string): QueuedWave | null {
    const waves = [...this.waves.values()].sort((a, b) => a.sequence - b.sequence);
    const own = waves.find((wave) => wave.service === service);
    if (own === undefined) return null;
    const goesBefore = (wave: QueuedWave) =>
      !this.isParallel || wave.service === service || this.#needs(service, wave.service) ||
      this.#needs(wave.service, service);
    return waves.find(goesBefore) === own ? own : null;
  }

  /** Whether a service depends on another one, directly or not. */
  #needs(service: string, other: string): boolean {
    const dependsOn = this.of(service).entry?.dependsOn ?? [];
    return dependsOn.some((one) => one === other || this.#needs(one, other));
  }

  /** Whether no agent can decide anything by the tree, because somebody has written what is no entry. */
  get isUnreadable(): boolean {
    const { firstWave } = this;
    const isControlBroken = this.control !== null && this.control.state === undefined;
    return isControlBroken || (firstWave !== null && firstWave.service === undefined);
  }

  /** What a change has changed, before {@link take} takes it over. */
  differences(_change: Change, server: Replica): Difference[] {
    const differences: Difference[] = [];
    for (const [path, isWhole] of server.tree.takeDirty()) {
      if (!isWhole && server.tree.find(path) !== undefined) continue;
      const node = server.tree.find(path);
      const difference = this.difference(path, node === undefined ? null : bytesOf(node));
      if (difference !== null) differences.push(difference);
    }
    return differences;
  }

  /** What a node's new data changes, or its removal (null); null if the node has nothing to do with the protocol. */
  difference(path: string, data: Uint8Array | null): Difference | null {
    const place = placeOf(path);
    if (place === null) return null;
    const after = data === null ? null : this.#decode(data);
    return { path, ...place, before: this.#at(place), after };
  }

  /** Takes the changes over. */
  take(differences: readonly Difference[]): void {
    for (const { kind, service, name, after } of differences) {
      switch (kind) {
        case "control":
          this.control = after as Control | null;
          break;
        case "wave": {
          const parsed = parseSequentialName(name);
          if (after === null || parsed === null) this.waves.delete(name);
          else {
            this.waves.set(name, { ...after as Wave, node: name, sequence: parsed.sequence });
          }
          break;
        }
        case "service":
          this.of(service).entry = after as Service | null;
          break;
        case "roster":
          toggle(this.of(service).roster, name, after !== null);
          put(this.of(service).places, name, after as Roster | null);
          put(this.of(service).drained, name, (after as Roster | null)?.drained ?? null);
          toggle(this.of(service).newcomers, name, (after as Roster | null)?.newcomer === true);
          break;
        case "placed":
          toggle(this.of(service).placeNodes, name, after !== null);
          break;
        case "newcomer":
          toggle(this.of(service).countedAsNew, name, after !== null);
          break;
        case "current":
          put(this.of(service).current, name, after as Current | null);
          break;
        case "slot":
          put(this.of(service).slots, name, after as Slot | null);
          break;
        case "staged":
          put(
            this.of(service).staged,
            name,
            after as { readonly host: string; readonly version: string } | null,
          );
          break;
        case "marker":
          toggle(this.of(service).markers, name, after !== null);
          break;
        case "offer":
          this.of(service).offer = after as Partial<Offer> | null;
          break;
        case "rollout":
          if (!this.#rollouts.has(name)) this.newestRollout = name;
          this.#rollouts.add(name);
          break;
      }
    }
  }

  #at({ kind, service, name }: Pick<Difference, "kind" | "service" | "name">): unknown {
    switch (kind) {
      case "control":
        return this.control;
      case "wave":
        return this.waves.get(name) ?? null;
      case "service":
        return this.of(service).entry;
      case "roster":
        return this.of(service).roster.has(name) ? {} : null;
      case "placed":
        return this.of(service).placeNodes.has(name) ? {} : null;
      case "newcomer":
        return this.of(service).countedAsNew.has(name) ? {} : null;
      case "current":
        return this.of(service).current.get(name) ?? null;
      case "slot":
        return this.of(service).slots.get(name) ?? null;
      case "staged":
        return this.of(service).staged.get(name) ?? null;
      case "marker":
        return this.of(service).markers.has(name) ? {} : null;
      case "offer":
        return this.of(service).offer;
      case "rollout":
        return this.#rollouts.has(name) ? {} : null;
    }
  }

  #decode(data: Uint8Array): unknown {
    if (data.length === 0) return {};
    try {
      return JSON.parse(this.#decoder.decode(data));
    } catch {
      return {};
    }
  }
}

function put<T>(map: Map<string, T>, name: string, value: T | null): void {
  if (value === null) map.delete(name);
  else map.set(name, value);
}

function toggle(set: Set<string>, name: string, isIn: boolean): void {
  if (isIn) set.add(name);
  else set.delete(name);
}

/** Whether a slot is held: its host may be down for its switch. */
export function isHeld(slot: Slot | undefined): boolean {
  return slot !== undefined && slot.step !== "failed";
}

function placeOf(path: string): Pick<Difference, "kind" | "service" | "name"> | null {
  if (path === CONTROL) return { kind: "control", service: "", name: "" };
  if (path.startsWith(`${DEPLOY}/`)) {
    const name = path.slice(DEPLOY.length + 1);
    return parseSequentialName(name) === null ? null : { kind: "wave", service: "", name };
  }
  if (!path.startsWith(`${ROOT}/`)) return null;
  const parts = path.slice(ROOT.length + 1).split("/");
  const [folder = "", service = "", name = ""] = parts;
  if (service === "") return null;
  switch (folder) {
    case "services":
      return { kind: name === "" ? "service" : "roster", service, name };
    case "current":
      return name === "" ? null : { kind: "current", service, name };
    case "slots":
      return name === "" ? null : { kind: "slot", service, name };
    case "staging":
      return { kind: name === "" ? "offer" : "staged", service, name };
    case "placed":
      return parts.length === 3 ? { kind: "placed", service, name: path } : null;
    case "area_members":
      return parts.length === 4 ? { kind: "placed", service, name: path } : null;
    case "newcomers":
      return name === "" ? null : { kind: "newcomer", service, name };
    case "serving":
    case "quarantined":
      return parts.length === 3 ? { kind: "marker", service, name: path } : null;
    case "area_serving":
    case "ready":
    case "done":
      return parts.length === 4 ? { kind: "marker", service, name: path } : null;
    case "history":
      return { kind: "rollout", service: "", name: service };
    default:
      return null;
  }
}
