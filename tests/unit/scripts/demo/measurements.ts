/** What was measured in a demo, for the tests of its report. */

import { layOutFleet, SERVICES } from "../../../../scripts/demo/fleet_layout.ts";
import { type Measurements } from "../../../../scripts/demo/report.ts";
import { fleetSnapshot } from "./fixtures.ts";

/** The hosts of the demo. */
export const HOSTS = layOutFleet(6);

export const MIB = 2 ** 20;

/** A demo in which everything went well. */
export function measured(changes: Partial<Measurements> = {}): Measurements {
  const observed = { maxConcurrentDown: 1, longestOutageMs: 120, probesCount: 900 };
  return {
    hosts: HOSTS,
    releases: SERVICES.map((service) => ({
      service,
      version: "v2",
      folder: "",
      files: [],
      sizeBytes: 10 * MIB,
    })),
    verdicts: HOSTS.flatMap(({ name: host }) =>
      SERVICES.map((service) => ({
        endpoint: { service, host, port: 1 },
        version: "v2",
        contentMatches: true,
      }))
    ),
    snapshot: fleetSnapshot(6, () => ({ version: "v2", pinnedBytes: 20 * MIB })),
    received: ({ host }) => ({
      rackBytes: host === "web-2" ? 10 * MIB : 0,
      siteBytes: host === "web-2" || host === "web-4" ? 0 : 10 * MIB,
      remoteBytes: host === "web-4" ? 10 * MIB : 0,
      reusedBytes: 0,
    }),
    observations: { A: observed, B: observed },
    order: ["A", "B"],
    takeovers: { A: { firstMs: 0, lastMs: 10 }, B: { firstMs: 10, lastMs: 20 } },
    quorums: { A: { stagedCount: 5, hostsCount: 6 }, B: { stagedCount: 6, hostsCount: 6 } },
    durationMs: 12_345.6,
    lockedBytes: 240 * MIB,
    killed: null,
    inside: { host: "web-1", actorsCount: 17 },
    timings: {},
    ...changes,
  };
}
