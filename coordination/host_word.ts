/**
 * An operator's word about one host in a rollout: it is left out, or tries again.
 *
 * @module
 */

import {
  decideRetry,
  decideSkip,
  type HostWord,
  listNames,
  RolloutError,
  ROOT,
  type Slot,
  transactions,
} from "../rollout/mod.ts";
import type { ZooKeeper } from "../zookeeper/mod.ts";
import { apply, isRefused, isUnknown } from "./apply.ts";
import { readServiceNames } from "./forget_host.ts";
import { tellOrder } from "./history.ts";
import { readService } from "./service_view.ts";

/** Most rounds of a word: a service whose hosts switch changes all the time, and replies get lost. */
const ROUNDS_MAX = 10;

/** What an operator says about a host; `service` may be left out where it has one alone that it can be said of. */
export type HostRequest = Omit<HostWord, "service"> & { readonly service?: string | undefined };

/** What has become of it. */
export interface HostWordOutcome {
  readonly service: string;
  /** The record that stands (`skip`), or that is gone (`retry`). */
  readonly slot: Slot;
}

/**
 * Leaves a host out of the rollout.
 *
 * @throws {RolloutError} when it cannot be left out, or it is not clear for which service; the message says why.
 */
export async function skipHost(zk: ZooKeeper, request: HostRequest): Promise<HostWordOutcome> {
  return await sayOfHost(zk, "skip", request);
}

/**
 * Lets a host try again whose switch has failed, or that was left out.
 *
 * @throws {RolloutError} when there is nothing to try again, or it is not clear for which service; the message says why.
 */
export async function retryHost(zk: ZooKeeper, request: HostRequest): Promise<HostWordOutcome> {
  return await sayOfHost(zk, "retry", request);
}

/** Chooses the service, and writes the word. After a lost reply, it looks whether it is done. */
async function sayOfHost(
  zk: ZooKeeper,
  verb: "skip" | "retry",
  request: HostRequest,
): Promise<HostWordOutcome> {
  const { host } = request;
  const services = request.service === undefined ? await readServiceNames(zk) : [request.service];
  await zk.sync(ROOT);
  const refusals: string[] = [];
  const able: string[] = [];
  for (const service of services) {
    const decision = decide(verb, await readService(zk, service), { ...request, service });
    if (decision.kind === "refused") refusals.push(decision.why);
    else able.push(service);
  }
  const [service] = able;
  if (service === undefined) {
    const why = services.length > 1 && refusals.length > 3
      ? `${host} has no service of which that can be said`
      : refusals.join("; ") || "no service is known here";
    throw new RolloutError(`${verb} ${host}: ${why}; nothing was changed`);
  }
  if (able.length > 1) {
    throw new RolloutError(
      `${verb} ${host}: expected one service, it could be ${
        listNames(able)
      }; say which with --service`,
    );
  }
  return await write(zk, verb, { ...request, service });
}

function decide(
  verb: "skip" | "retry",
  reading: Awaited<ReturnType<typeof readService>>,
  word: HostWord,
) {
  return verb === "skip" ? decideSkip(reading, word) : decideRetry(reading, word);
}

async function write(
  zk: ZooKeeper,
  verb: "skip" | "retry",
  word: HostWord,
): Promise<HostWordOutcome> {
  const { service, host, by, sinceMs } = word;
  let sent: HostWordOutcome | null = null;
  for (let round = 1;; round++) {
    await zk.sync(ROOT);
    const reading = await readService(zk, service);
    const standing = reading.view.slots.get(host);
    const isDone = verb === "skip"
      ? standing?.skipped?.by === by && standing.sinceMs === sinceMs
      : standing?.sinceMs !== sent?.slot.sinceMs;
    if (sent !== null && isDone) return sent;
    const decision = decide(verb, reading, word);
    if (decision.kind === "refused") {
      throw new RolloutError(`${verb} ${host}: ${decision.why}; nothing was changed`);
    }
    const { slotsVersion } = reading.view;
    sent = { service, slot: decision.slot };
    try {
      const change = decision.kind === "retry"
        ? transactions.retryHost({ slotsVersion }, word)
        : transactions.skipHost({ slotsVersion, hasRecord: standing !== undefined }, {
          service,
          slot: decision.slot,
          wave: decision.wave,
          places: reading.stagingNodes.filter((place) => place.host === host)
            .map(({ node }) => node),
        });
      const { reason } = word;
      const told = { order: verb, by, reason, service, host };
      await apply(zk, [...change, ...await tellOrder(zk, reading.view.control?.rollout, told)]);
      return sent;
    } catch (error) {
      if (!(isRefused(error) || isUnknown(error)) || round === ROUNDS_MAX) throw error;
    }
  }
}
