/**
 * Builds the input of the protocol's functions from the model's nodes. A reading has two moments, since a host reads node
 * after node: first the nodes whose versions the `multi` checks, then everything else.
 *
 * @module
 */

import {
  CONTROL,
  type Control,
  type Current,
  currentPath,
  DEPLOY,
  type FirstWave,
  type Service,
  servicePath,
  type ServiceView,
  type Slot,
  slotsPath,
  sortSequential,
  type Staged,
  stagingPath,
  type Wave,
  wavePath,
} from "../../../rollout/mod.ts";
import { childrenOf, nodeAt, type Snapshot } from "./tree_model.ts";

/** What a host read about one service. */
export interface Reading {
  readonly view: ServiceView;
  readonly entry: Service;
  readonly entryVersion: number;
  /** The deploy queue in order. */
  readonly waves: readonly FirstWave[];
  /** Moment of the versions. */
  readonly firstZxid: number;
  /** Moment of the rest. */
  readonly restZxid: number;
}

/** The two moments of a reading. */
export interface Moments {
  readonly first: Snapshot;
  readonly firstZxid: number;
  readonly rest: Snapshot;
  readonly restZxid: number;
}

/** Builds what a host reads about a service. */
export function readService(service: string, moments: Moments): Reading {
  const { first, rest } = moments;
  const control = nodeAt(first, CONTROL);
  const entry = nodeAt(first, servicePath(service));
  const waves = readWaves(first);
  return {
    view: {
      control: control.data as Control,
      controlVersion: control.version,
      wave: waves[0] ?? null,
      policy: (entry.data as Service).policy,
      roster: childrenOf(rest, servicePath(service)),
      current: readCurrent(rest, service),
      staged: sortSequential(childrenOf(rest, stagingPath(service))).map(({ node }) =>
        nodeAt(rest, stagingPath(service, node)).data as Staged
      ),
      slots: readSlots(rest, service),
      slotsVersion: nodeAt(first, slotsPath(service)).version,
    },
    entry: entry.data as Service,
    entryVersion: entry.version,
    waves,
    firstZxid: moments.firstZxid,
    restZxid: moments.restZxid,
  };
}

/** The deploy queue in order. */
export function readWaves(snapshot: Snapshot): FirstWave[] {
  return sortSequential(childrenOf(snapshot, DEPLOY)).map(({ node }) => {
    const { data, version } = nodeAt(snapshot, wavePath(node));
    const wave = data as Wave;
    return {
      node,
      znodeVersion: version,
      service: wave.service,
      version: wave.version,
      hosts: wave.hosts,
    };
  });
}

/** The slots of a service by host. */
export function readSlots(snapshot: Snapshot, service: string): Map<string, Slot> {
  return readChildren<Slot>(snapshot, slotsPath(service));
}

/** What the hosts of a service run, by host. */
export function readCurrent(snapshot: Snapshot, service: string): Map<string, Current> {
  return readChildren<Current>(snapshot, currentPath(service));
}

function readChildren<T>(snapshot: Snapshot, parent: string): Map<string, T> {
  return new Map(
    childrenOf(snapshot, parent).map((
      name,
    ) => [name, nodeAt(snapshot, `${parent}/${name}`).data as T]),
  );
}
