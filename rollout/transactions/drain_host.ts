/**
 * An operator's word that a host is drained, and that it is to be put back.
 *
 * @module
 */

import type { Census } from "../census.ts";
import { type Drained, encodeEntry, type Roster } from "../entries.ts";
import type { Versioned } from "../reading/node.ts";
import { servicePath } from "../tree.ts";
import { changeCounter } from "./counter.ts";
import type { Transaction, TreeOperation } from "./operation.ts";

/** A host on the roster, as it was read. */
export interface DrainView extends Pick<Census, "slotsVersion"> {
  readonly roster: Versioned<Roster>;
  /** The markers by which it is counted as serving. */
  readonly markers: readonly string[];
}

/**
 * Drains a host, if its entry on the roster and the admission counter stand as they were read: then nobody has gone away
 * since, and nobody is admitted any more by a reading from before. It is counted as serving no longer. It registers once more,
 * and is not counted by that either: the entry is the one whose version it checks with all it writes.
 */
export function drainHost(
  { roster, markers, slotsVersion }: DrainView,
  { service, host, drained }: {
    readonly service: string;
    readonly host: string;
    readonly drained: Drained;
  },
): Transaction {
  return [
    changeCounter(service, { slotsVersion }),
    writeDrained(roster, { service, host, drained }),
    ...markers.map((path) => ({ op: "delete", path }) as const),
  ];
}

/** Asks a host's agent to put it back. It is away until it has, so nobody has to decide again. */
export function undrainHost(
  { roster }: Pick<DrainView, "roster">,
  change: { readonly service: string; readonly host: string; readonly drained: Drained },
): Transaction {
  return [writeDrained(roster, change)];
}

function writeDrained(
  { entry, znodeVersion }: Versioned<Roster>,
  { service, host, drained }: {
    readonly service: string;
    readonly host: string;
    readonly drained: Drained;
  },
): TreeOperation {
  const data = encodeEntry({ ...entry, drained });
  return { op: "set", path: servicePath(service, host), data, version: znodeVersion };
}
