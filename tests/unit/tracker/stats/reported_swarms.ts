/** Swarms half-way through a release, for the tests of what is reported about them. */

import { silentLog } from "../../../../base/log.ts";
import { defaultHandoutSettings } from "../../../../tracker/handout/handout_settings.ts";
import { SubnetMap } from "../../../../tracker/members/subnet_map.ts";
import { newCounters } from "../../../../tracker/stats/counters.ts";
import { Statistics } from "../../../../tracker/stats/statistics.ts";
import { Swarms } from "../../../../tracker/swarm/swarms.ts";

/** What every host has to fetch. */
export const SIZE = 1000;

/** A tracker's swarms that are announced to by name, and their statistics. */
export function setUp() {
  const clock = { now: 0, nowMs: () => clock.now };
  const swarms = new Swarms({
    settings: defaultHandoutSettings,
    subnets: new SubnetMap([]),
    clock,
    random: () => 0,
    log: silentLog,
  });
  const counters = newCounters();
  const statistics = new Statistics({
    swarms,
    counters,
    settings: defaultHandoutSettings,
    clock,
    nameOf: () => "search v42",
  });
  const announce = (
    host: string,
    at: string,
    [leftBytes, rackBytes = 0, siteBytes = 0, remoteBytes = 0]: number[],
  ) => {
    const [site = "", rack = ""] = at.split("/");
    counters.httpAnnounces++;
    swarms.announce({
      infoHash: "x".repeat(20),
      peerId: host.padEnd(20, "-"),
      ip: `10.0.0.${host.length}`,
      port: 1000 + [...host].reduce((sum, one) => sum + one.charCodeAt(0), 0),
      leftBytes: leftBytes ?? Infinity,
      isStopped: false,
      wanted: 50,
      host,
      site,
      rack,
      received: { rackBytes, siteBytes, remoteBytes },
    });
  };
  return { announce, clock, statistics, swarms };
}

/** A site with the build machine and one without, half-way. */
export function halfWay() {
  const swarm = setUp();
  const { announce, clock } = swarm;
  announce("builder", "north/build", [0]);
  for (const host of ["n1", "n2"]) announce(host, "north/a", [SIZE]);
  for (const host of ["s1", "s2", "s3"]) announce(host, "south/a", [SIZE]);
  clock.now += 3000;
  announce("n1", "north/a", [500, 0, 500]);
  announce("n2", "north/a", [600, 400]);
  announce("s1", "south/a", [400, 0, 0, 600]);
  announce("s2", "south/a", [500, 440, 0, 60]);
  return swarm;
}
