/** A census says the same as a full reading, and needs few nodes for it. */

import assert from "node:assert/strict";
import {
  type Census,
  censusPaths,
  currentPath,
  decodeCensus,
  decodeQueue,
  DEPLOY,
  encodeEntry,
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
function commonOf({ awayHosts: _away, missingHosts: _missing, counts, ...census }: Census) {
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
