/** Tests of the order in which hosts are chosen for a share. */

import assert from "node:assert/strict";
import { type KnownHost, orderBySpread } from "../../../../rollout/mod.ts";
import { at, fleetOf } from "./hosts.ts";

function order(hosts: readonly KnownHost[]): string[] {
  return orderBySpread(hosts).map(({ host }) => host);
}

Deno.test("orderBySpread: first one host of each site, then one of each rack, before a second of any", () => {
  const hosts = fleetOf({ "ams/r1": 3, "ams/r2": 3, "fra/r1": 3 });
  const chosen = orderBySpread(hosts);
  assert.deepEqual(new Set(chosen.slice(0, 2).map(({ site }) => site)), new Set(["ams", "fra"]));
  const racks = chosen.slice(0, 4).map(({ site, rack }) => `${site}/${rack}`);
  assert.deepEqual(new Set(racks), new Set(["ams/r1", "ams/r2", "fra/r1"]));
});

Deno.test("orderBySpread: of a small site no larger part is taken than of a large one", () => {
  const chosen = orderBySpread(fleetOf({ "ams/r1": 90, "fra/r1": 10 })).slice(0, 50);
  const small = chosen.filter(({ site }) => site === "fra").length;
  assert.ok(small >= 5 && small <= 6, `${small} of 10`);
});

Deno.test("orderBySpread: whoever serves comes before whoever is away, wherever that is", () => {
  const hosts = fleetOf({ "ams/r1": 2, "fra/r1": 2 });
  const isAway = ({ site }: KnownHost) => site === "ams";
  const chosen = orderBySpread(hosts.map((host) => ({ ...host, isServing: !isAway(host) })));
  assert.deepEqual(chosen.map(({ site }) => site), ["fra", "fra", "ams", "ams"]);
});

Deno.test("orderBySpread: the same fleet gives the same order, however it is listed", () => {
  const hosts = fleetOf({ "ams/r1": 4, "ams/r2": 3, "fra/r1": 5 });
  assert.deepEqual(order(hosts.toReversed()), order(hosts));
  assert.deepEqual(order([]), []);
  assert.deepEqual(order([at("ams/r1", "web-1")]), ["web-1"]);
});
