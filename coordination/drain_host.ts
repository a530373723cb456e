/**
 * Draining hosts, and putting them back: what an operator says of a machine that is to be worked on.
 *
 * @module
 */

import { describeForeignName, quoteForeign } from "../base/names.ts";
import {
  areaMarkers,
  type Current,
  currentPath,
  currentSchema,
  decideDrain,
  decideUndrain,
  decodeNode,
  decodeRoster,
  type Drained,
  notOnRoster,
  Problems,
  ROOT,
  rosterSchema,
  servicePath,
  type ServiceReading,
  servingPath,
  transactions,
} from "../rollout/mod.ts";
import type { ZooKeeper } from "../zookeeper/mod.ts";
import { apply, isRefused, isUnknown } from "./apply.ts";
import { ifReadable } from "./entry_reader.ts";
import { readServiceNames } from "./forget_host.ts";
import { tellOfHost } from "./history.ts";
import { NodesRead } from "./nodes_read.ts";
import { readService } from "./service_view.ts";

/** A host cannot be drained, or put back. */
export class HostDrainError extends Error {
  /** Stable name of the error. */
  readonly code = "HOST_DRAIN";
  override readonly name = "HostDrainError";
}

/** Most rounds of a word: a service whose hosts switch changes all the time, and replies get lost. */
const ROUNDS_MAX = 10;

/** What an operator says about a host. */
export interface DrainRequest {
  readonly host: string;
  /** The services that it is about. Default: all on whose roster the host is. */
  readonly only?: readonly string[] | undefined;
  readonly by: string;
  readonly reason: string | null;
  /** When, by the clock of the operator's machine, milliseconds since the epoch. */
  readonly sinceMs: number;
}

/**
 * Drains a host, in one transaction for each of its services. It counts as away at once; its agent runs the hook then. Nothing is
 * changed if it may not be drained for one of them, as far as that is known before the first transaction.
 *
 * @param request.isForced Whether it is drained beyond the budget, and in the middle of a switch. Default: it is not.
 * @returns The services.
 * @throws {HostDrainError} when it may not be drained; the message says why, and what has been done.
 */
export async function drainHost(
  zk: ZooKeeper,
  request: DrainRequest & { readonly isForced?: boolean },
): Promise<string[]> {
  return await sayOfServices(zk, "drain", request);
}

/**
 * Has a drained host put back, in one transaction for each of its services. Its agent does that, once it is online; until then it
 * counts as away.
 *
 * @returns The services.
 * @throws {HostDrainError} when it is not drained; the message says why, and what has been done.
 */
export async function undrainHost(zk: ZooKeeper, request: DrainRequest): Promise<string[]> {
  return await sayOfServices(zk, "undrain", request);
}

/** How far a host's agent is with what was said about it. */
export interface DrainProgress {
  /** Whether its agent has a session. */
  readonly isOnline: boolean;
  /** An operator's word; `null`: none stands. */
  readonly drained: Drained | null;
  /** What the agent has done about it, as its entry says; `null`: nothing yet. */
  readonly done: NonNullable<Current["drained"]> | null;
}

/** Reads how far a host's agent is. */
export async function readDrainProgress(
  zk: ZooKeeper,
  service: string,
  host: string,
): Promise<DrainProgress> {
  const tree = new NodesRead(zk);
  const path = currentPath(service, host);
  await tree.readOnce([path, servicePath(service, host)]);
  const current = ifReadable(() => decodeNode(currentSchema, tree.node(path), path))?.entry;
  const roster = decodeRoster(service, host, { tree, problems: new Problems() });
  return {
    isOnline: tree.node(path) !== null,
    drained: roster?.drained ?? null,
    done: current?.drained ?? null,
  };
}

type Verb = "drain" | "undrain";

/** What is said about a host; `isForced` matters to a drain alone. */
type Word = DrainRequest & { readonly isForced?: boolean };

async function sayOfServices(zk: ZooKeeper, verb: Verb, word: Word): Promise<string[]> {
  const { host, only } = word;
  const wrong = describeForeignName([host, ...only ?? []]);
  if (wrong !== null) throw new HostDrainError(`${verb} ${quoteForeign(host)}: ${wrong}`);
  await zk.sync(ROOT);
  const readings = new Map<string, ServiceReading>();
  for (const service of only ?? await readServiceNames(zk)) {
    const reading = await readService(zk, service);
    if (only !== undefined || reading.view.roster.includes(host)) readings.set(service, reading);
  }
  if (readings.size === 0) {
    throw new HostDrainError(
      `${verb} ${host}: expected it on the roster of a service, it is on none; rollcall hosts list shows the names`,
    );
  }
  const refusals = new Map<string, string>();
  const able: string[] = [];
  for (const [service, reading] of readings) {
    const decision = decide(verb, reading, { ...word, service });
    if (decision.kind === "refused") refusals.set(service, decision.why);
    else able.push(service);
  }
  // What is so already keeps nothing from the others.
  const isSo = (service: string) => {
    const drained = readings.get(service)?.view.rosterEntries.get(host)?.drained;
    return verb === "drain" ? drained !== undefined : drained?.ended !== undefined || !drained;
  };
  const hindering = [...refusals].filter(([service]) =>
    only !== undefined || able.length === 0 || !isSo(service)
  ).map(([, why]) => why);
  if (hindering.length > 0) {
    throw new HostDrainError(`${verb} ${host}: ${hindering.join("; ")}; nothing was changed`);
  }
  const said: string[] = [];
  for (const service of able) {
    await write(zk, verb, { ...word, service, said });
    said.push(service);
  }
  return said;
}

function decide(
  verb: Verb,
  { view }: Pick<ServiceReading, "view">,
  { host, service, by, reason, sinceMs, isForced = false }: Word & { readonly service: string },
) {
  return verb === "drain"
    ? decideDrain(view, { host, service, isForced })
    : decideUndrain(view, { host, service, word: { by, reason, sinceMs } });
}

/** Writes the word. After a lost reply, it looks whether it is done. */
async function write(
  zk: ZooKeeper,
  verb: Verb,
  word: Word & { readonly service: string; readonly said: readonly string[] },
): Promise<void> {
  const { service, host, by, reason, sinceMs, said } = word;
  let isSent = false;
  for (let round = 1;; round++) {
    const reading = await readService(zk, service);
    const tree = new NodesRead(zk);
    const path = servicePath(service, host);
    const place = reading.view.rosterEntries.get(host);
    const paths = place === undefined
      ? []
      : [servingPath(service, host), ...areaMarkers(service, host, place)];
    await tree.readOnce([path, ...paths]);
    const roster = ifReadable(() => decodeNode(rosterSchema, tree.node(path), path));
    const standing = verb === "drain" ? roster?.entry.drained : roster?.entry.drained?.ended;
    const isStanding = standing?.by === by && standing.sinceMs === sinceMs;
    // An agent that has put it back has removed the word already.
    const isPutBack = verb === "undrain" && roster !== null && roster.entry.drained === undefined;
    if (isSent && (isStanding || isPutBack)) return;
    // By the entry whose version the change checks: what was read before may be over by now, and must not be written again.
    const rosterEntries = new Map(reading.view.rosterEntries);
    if (roster !== null) rosterEntries.set(host, roster.entry);
    const decision = decide(verb, { view: { ...reading.view, rosterEntries } }, word);
    if (decision.kind === "refused" || roster === null) {
      const why = decision.kind === "refused" ? decision.why : notOnRoster(host, service);
      const done = said.length === 0 ? "nothing was changed" : `done for ${said.join(", ")} alone`;
      throw new HostDrainError(`${verb} ${host}: ${why}; ${done}`);
    }
    const { slotsVersion } = reading.view;
    const markers = paths.filter((marker) => tree.node(marker) !== null);
    const change = decision.kind === "drain"
      ? transactions.drainHost({ roster, markers, slotsVersion }, {
        service,
        host,
        drained: { by, reason, sinceMs },
      })
      : transactions.undrainHost({ roster }, { service, host, drained: decision.drained });
    isSent = true;
    try {
      const told = await tellOfHost(zk, { by, reason }, { order: `hosts ${verb}`, service, host });
      await apply(zk, [...change, ...told]);
      return;
    } catch (error) {
      if (!(isRefused(error) || isUnknown(error)) || round === ROUNDS_MAX) throw error;
    }
  }
}
