/**
 * The invariants that must hold in every demo, checked from outside: by asking the services, and by following the status.
 * Pure.
 *
 * @module
 */

import { quorumCount } from "./config_files.ts";
import { SERVICES } from "./fleet_layout.ts";
import type { Measurements } from "./report.ts";
import { findHost } from "./snapshot.ts";

/** The invariants, and whether each of them held. */
export interface Invariants {
  /** Every host ran v2 of A before the first one ran v2 of B. A host whose agent was killed is excepted, since it catches up later. */
  readonly orderKept: boolean;
  /** At no moment were two hosts of one service down. */
  readonly oneHostAtATime: boolean;
  /** The quorum was staged before the first host switched. */
  readonly quorumFirst: boolean;
  /** Every service of every host answers with v2, and the status says the same. */
  readonly everyHostOnV2: boolean;
  /** Every service answers with the bytes that were published. */
  readonly contentMatches: boolean;
}

/** Checks each invariant. A problem says what was expected and what was there. */
export function checkInvariants(
  measured: Measurements,
): { readonly invariants: Invariants; readonly problems: readonly string[] } {
  const found = {
    orderKept: orderProblems(measured),
    oneHostAtATime: downProblems(measured),
    quorumFirst: quorumProblems(measured),
    everyHostOnV2: versionProblems(measured),
    contentMatches: contentProblems(measured),
  };
  return {
    invariants: {
      orderKept: found.orderKept.length === 0,
      oneHostAtATime: found.oneHostAtATime.length === 0,
      quorumFirst: found.quorumFirst.length === 0,
      everyHostOnV2: found.everyHostOnV2.length === 0,
      contentMatches: found.contentMatches.length === 0,
    },
    problems: Object.values(found).flat(),
  };
}

function orderProblems({ takeovers: { A, B } }: Measurements): string[] {
  // Hosts that were never seen on v2 are reported by another invariant.
  if (A === null || B === null || A.lastMs <= B.firstMs) return [];
  return [
    `order: expected every host on v2 of A before the first one on v2 of B, but the last A came ${
      A.lastMs - B.firstMs
    } ms after it`,
  ];
}

function downProblems({ observations }: Measurements): string[] {
  return SERVICES.filter((service) => observations[service].maxConcurrentDown > 1).map((service) =>
    `${service}: expected 1 host down at a time, ` +
    `${observations[service].maxConcurrentDown} were down at once`
  );
}

function quorumProblems({ quorums, hosts }: Measurements): string[] {
  const neededCount = quorumCount(hosts.length);
  return SERVICES.flatMap((service) => {
    const first = quorums[service];
    if (first === null) return [`${service}: expected a switch to v2 in the status, saw none`];
    if (first.stagedCount >= neededCount) return [];
    return [
      `${service}: expected ${neededCount} hosts staged before the first one switched, ` +
      `there were ${first.stagedCount} of ${first.hostsCount}`,
    ];
  });
}

function versionProblems({ verdicts, snapshot }: Measurements): string[] {
  const problems = verdicts.flatMap(({ endpoint, version }) => {
    const place = `${endpoint.host} ${endpoint.service}`;
    const told = findHost(snapshot, endpoint)?.version ?? null;
    return [
      ...(version === "v2" ? [] : [`${place}: expected the answer v2, was ${version ?? "none"}`]),
      ...(told === "v2" ? [] : [`${place}: expected v2 in the status, was ${told ?? "nothing"}`]),
    ];
  });
  const state = snapshot.control?.state ?? "none";
  return state === "running" ? problems : [...problems, `control: expected running, was ${state}`];
}

function contentProblems({ verdicts }: Measurements): string[] {
  return verdicts.filter(({ contentMatches }) => !contentMatches).map(({ endpoint }) =>
    `${endpoint.host} ${endpoint.service}: expected the bytes that were published, was something else`
  );
}
