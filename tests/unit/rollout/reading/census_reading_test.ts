/** A census says the same as a full reading, and needs few nodes for it. */

import assert from "node:assert/strict";
import {
  areaMarkers,
  type Census,
  censusPaths,
  currentPath,
  decideAdmission,
  decodeCensus,
  decodeQueue,
  DEPLOY,
  encodeEntry,
  placeNodes,
  queueVersion,
  SCHEMA_VERSION,
  slotPaths,
  slotsPath,
  stagingPath,
  tallyPaths,
  transactions,
  wavePaths,
} from "../../../../rollout/mod.ts";
import { fleet, type MemoryTree, must, roll, SERVICE } from "../memory_tree.ts";
import { current, slot } from "../views.ts";

/** What both ways to read have to agree on. */
function commonOf(
  { awayHosts: _away, awayInAreas: _areas, missingHosts: _missing, counts, ...census }: Census,
) {
  const { onlineCount: _online, ...others } = counts ?? { onlineCount: null };
  return { ...census, counts: counts === null ? null : others };
}

function assertAgree(tree: MemoryTree, hosts: readonly string[]): void {
  for (const host of hosts) {
    assert.deepEqual(commonOf(tree.count(host).census), commonOf(tree.read(host).census), host);
  }
}

/** Says something about a host, as its agent does. */
function say(tree: MemoryTree, ...[host, entry, staged]: [string, object, string?]): void {
  const said = current(host, entry);
  const markers = tree.markers(said, staged === undefined ? null : { version: staged });
  must(tree.apply(transactions.writeHost(SERVICE, { entry: said, epoch: 0, markers }), host));
}

Deno.test("decodeCensus: agrees with a full reading at every moment of a rollout", () => {
  const hosts = ["web-1", "web-2", "web-3", "web-4"];
  for (const listed of [null, ["web-1", "web-3"]]) {
    const tree = fleet(...hosts);
    assertAgree(tree, hosts);
    roll(tree, "2", { maxFailures: 1 }, listed);
    assertAgree(tree, hosts);
    for (const host of ["web-1", "web-2"]) {
      const entry = current(host);
      const release = { version: "2" };
      const markers = covered(listed, host)
        ? tree.markers(entry, release)
        : { ...tree.markers(entry), wanted: tree.markers(entry).standing };
      const join = { entry, epoch: 0, markers, release, places: [] };
      must(tree.apply(transactions.joinStaging(SERVICE, join).operations, host));
      assertAgree(tree, hosts);
    }
    const { census } = tree.count("web-1");
    const taken = slot("web-1", { wave: census.wave?.node ?? null });
    const request = { service: SERVICE, slot: taken, wave: census.wave, place: null };
    must(tree.apply(transactions.takeSlot(census, request)));
    assertAgree(tree, hosts);
    say(tree, "web-1", { state: "down" }, "2");
    assertAgree(tree, hosts);
    say(tree, "web-1", { version: "2" }, "2");
    assertAgree(tree, hosts);
    tree.expire("web-4");
    assertAgree(tree, hosts);
    // The wave for some is not for it.
    if (listed === null) continue;
    const roster = { schema: SCHEMA_VERSION, site: "north", rack: "r1" } as const;
    must(tree.apply(transactions.joinRoster(SERVICE, { host: "web-5", roster })));
    assertAgree(tree, [...hosts, "web-5"]);
    assert.equal(tree.count("web-1").census.newcomerCount, 1);
    const entry = current("web-5");
    must(tree.apply(transactions.registerHost(SERVICE, tree.registration(entry)), "web-5"));
    assertAgree(tree, [...hosts, "web-5"]);
    assert.equal(tree.count("web-1").census.newcomerCount, 0);
  }
});

function covered(listed: readonly string[] | null, host: string): boolean {
  return listed?.includes(host) ?? true;
}

Deno.test("decodeCensus: needs no node that it does not name, and no more of them for more hosts", () => {
  const sizes = [3, 30].map((count) => {
    const tree = fleet(...Array.from({ length: count }, (_, index) => `web-${index + 1}`));
    roll(tree, "2");
    const of = { service: SERVICE, host: "web-1", places: [] };
    const queue = decodeQueue(SERVICE, tree);
    const paths = [
      ...censusPaths(of),
      ...tallyPaths(SERVICE, queue),
      ...slotPaths(of, tree),
      ...wavePaths(SERVICE, tree),
    ];
    const part = {
      node: (path: string) => paths.includes(path) ? tree.node(path) : assert.fail(path),
      children: (path: string) =>
        [DEPLOY, slotsPath(SERVICE)].includes(path) ? tree.children(path) : assert.fail(path),
    };
    assert.deepEqual(decodeCensus(of, decodeQueue(SERVICE, part), part), tree.count());
    return paths.length;
  });
  assert.equal(sizes[0], sizes[1]);
});

Deno.test("censusPaths: what a transaction checks is read before what the decision rests on", () => {
  const paths = censusPaths({ service: SERVICE, host: "web-1", places: [] });
  assert.deepEqual(paths.slice(0, 2), ["/dc/control", slotsPath(SERVICE)]);
});

Deno.test("decodeCensus: a place in the queue that no session holds is in nobody's way", () => {
  const tree = fleet("web-1");
  const data = new Uint8Array(0);
  must(tree.apply([
    { op: "create", path: stagingPath(SERVICE, "zz-0000000001"), data },
    { op: "create", path: stagingPath(SERVICE, "web-2-0000000002"), data, mode: "ephemeral" },
  ]));
  const places = ["zz-0000000001", "web-2-0000000002", "web-3-0000000003"];
  const of = { service: SERVICE, host: "web-1", places };
  const { places: standing } = decodeCensus(of, decodeQueue(SERVICE, tree), tree);
  assert.deepEqual([...standing], ["web-2-0000000002"]);
});

Deno.test("queueVersion: changes with every wave", () => {
  const tree = fleet("web-1");
  const before = queueVersion(tree);
  roll(tree, "2");
  assert.notEqual(queueVersion(tree), before);
  assert.equal(tree.node(currentPath(SERVICE, "web-1"))?.childCount, 0);
});

Deno.test("decodeCensus: a slot that cannot be read counts as held, unless its host is on no roster", () => {
  const tree = fleet("web-1", "web-2");
  const data = new TextEncoder().encode("garbage");
  for (const host of ["web-2", "zz"]) {
    must(tree.apply([{ op: "create", path: slotsPath(SERVICE, host), data }]));
  }
  assert.deepEqual([...tree.count("web-1").census.slots.keys()], ["web-2"]);
  assertAgree(tree, ["web-1", "web-2"]);
});

Deno.test("decodeCensus: agrees with a full reading on hosts in quarantine, skipped or not", () => {
  const hosts = ["web-1", "web-2", "web-3"];
  const quarantined = { reason: "flaps", sinceMs: 0 };
  for (const listed of [null, ["web-1", "web-2"]]) {
    const tree = fleet(...hosts);
    roll(tree, "2", {}, listed);
    for (const host of ["web-1", "web-2", "web-3"]) {
      say(tree, host, { quarantined });
      assertAgree(tree, hosts);
    }
    const [wave] = tree.read().waves;
    const skipped = slot("web-1", {
      step: "failed",
      wave: wave?.node ?? null,
      skipped: { by: "ann", reason: null },
    });
    const path = slotsPath(SERVICE, "web-1");
    must(tree.apply([{ op: "create", path, data: encodeEntry(skipped) }]));
    assertAgree(tree, hosts);
    const { counts } = tree.count("web-2").census;
    assert.deepEqual([counts?.readyCount, counts?.quarantinedCount], [1, listed === null ? 2 : 0]);
  }
});

Deno.test("decodeCensus: agrees with a full reading on racks and sites", () => {
  const racks = { "web-1": "r1", "web-2": "r1", "web-3": "r2", "web-4": "r2" };
  const hosts = Object.keys(racks);
  const tree = fleet();
  const rosterOf = (rack: string) => ({ schema: SCHEMA_VERSION, site: "north", rack }) as const;
  tree.addPlaces(rosterOf("r1"), rosterOf("r2"));
  const register = (host: string, rack: string) => {
    const entry = current(host, { rack });
    must(tree.apply(transactions.registerHost(SERVICE, tree.registration(entry)), host));
  };
  for (const [host, rack] of Object.entries(racks)) {
    must(tree.apply(transactions.joinRoster(SERVICE, { host, roster: rosterOf(rack) })));
    register(host, rack);
  }
  const limits = { maxUnavailablePerRack: 1, maxUnavailablePerSite: 2, maxUnavailable: 3 } as const;
  roll(tree, "2", limits);
  const areasOfHost = (host: string) =>
    tree.count(host).census.areas?.map(({ area, memberCount, servingCount }) => [
      area.key,
      memberCount,
      servingCount,
    ]);
  assert.deepEqual(areasOfHost("web-1"), [["north", 4, 4], ["r1@north", 2, 2]]);
  tree.expire("web-4");
  assert.deepEqual(areasOfHost("web-1"), [["north", 4, 3], ["r1@north", 2, 2]]);
  assert.deepEqual(areasOfHost("web-4"), [["north", 4, 3], ["r2@north", 2, 1]]);
  assertAgree(tree, hosts);
  const entry = current("web-2", { state: "down" });
  const write = { entry, epoch: 1, markers: tree.markers(entry) };
  must(tree.apply(transactions.writeHost(SERVICE, write), "web-2"));
  assertAgree(tree, hosts);
  const request = { host: "web-1", service: SERVICE, version: "2", catchUp: true, behind: null };
  const decision = decideAdmission(tree.count("web-1").census, { ...request, wallTimeMs: 0 });
  assert.equal(decision.admit ? "" : decision.waitingFor, "budget of site north: 2 of 2 down");
  // Somebody moves a machine: it counts in its new rack alone.
  const { slotsVersion } = tree.read().view;
  const was = rosterOf("r2");
  const removed = placeNodes(SERVICE, "web-3", was).filter((path) => path.includes("r2@north"));
  removed.push(...areaMarkers(SERVICE, "web-3", was).filter((path) => path.includes("r2@north")));
  const roster = rosterOf("r1");
  const added = placeNodes(SERVICE, "web-3", roster).filter((path) => path.includes("r1@north"));
  const move = { host: "web-3", roster, version: 1, places: { removed, added } };
  must(tree.apply(transactions.renewRoster(SERVICE, move)));
  assert.ok(tree.read().view.slotsVersion > slotsVersion);
  assert.deepEqual(areasOfHost("web-4"), [["north", 4, 2], ["r2@north", 1, 0]]);
  assert.deepEqual(areasOfHost("web-3"), [["north", 4, 2], ["r1@north", 3, 1]]);
  // One that registered last with an agent of an earlier version may stand anywhere.
  const places = placeNodes(SERVICE, "web-4", was);
  must(tree.apply(places.map((path) => ({ op: "delete", path }) as const)));
  assert.deepEqual(areasOfHost("web-1")?.at(-1), ["r1@north", 4, 1]);
});
