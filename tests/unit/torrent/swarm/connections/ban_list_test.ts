/** Who is banned, on what grounds, and for how long. */

import assert from "node:assert/strict";
import { BAN_TICKS, BanList } from "../../../../../torrent/swarm/connections/ban_list.ts";
import { parseAddress, type Provenance } from "../../../../../torrent/swarm/wire/handshaker.ts";
import { ScriptedConnection } from "../wire/scripted_connection.ts";

const idOf = (number: number) => number.toString(16).padStart(40, "0");

function from(address: string, peerId: string, isOutgoing = false): Provenance {
  const handshake = { infoHash: "ab".repeat(20), peerId, fast: true, extended: true };
  return { connection: new ScriptedConnection([]), address, handshake, isOutgoing };
}

function ban(bans: BanList, provenance: Provenance, tick = 0): void {
  bans.ban({ provenance, ipAddress: parseAddress(provenance.address).hostname }, tick);
}

Deno.test("BanList: a peer that dialled us is banned by its address and id together", () => {
  const bans = new BanList();
  ban(bans, from("10.0.0.1:50000", idOf(1)));
  assert.ok(bans.isBanned(from("10.0.0.1:50001", idOf(1)), 0), "on whatever port it comes from");
  assert.equal(bans.isBanned(from("10.0.0.2:50000", idOf(1)), 0), false, "the id may be stolen");
  assert.equal(bans.isBanned(from("10.0.0.1:50002", idOf(2)), 0), false, "others may run there");
  assert.equal(
    bans.isAddressBanned("10.0.0.1:6881", 0),
    false,
    "it may only claim to listen there",
  );
});

Deno.test("BanList: a peer that we dialled is banned by the address that we dialled", () => {
  const bans = new BanList();
  ban(bans, from("10.0.0.1:6881", idOf(1), true));
  assert.ok(bans.isAddressBanned("10.0.0.1:6881", 0));
  assert.ok(bans.isBanned(from("10.0.0.1:6881", idOf(9), true), 0));
  assert.equal(bans.isAddressBanned("10.0.0.1:6882", 0), false);
  assert.equal(bans.isBanned(from("10.0.0.2:50000", idOf(1)), 0), false);
});

Deno.test("BanList: after three bans an address is banned, for those who dial and those who are dialled apart", () => {
  const bans = new BanList();
  for (let at = 0; at < 3; at++) {
    assert.equal(bans.isBanned(from("10.0.0.1:50000", idOf(7)), 0), false);
    ban(bans, from(`10.0.0.1:${50_000 + at}`, idOf(at)));
  }
  assert.ok(bans.isBanned(from("10.0.0.1:50000", idOf(7)), 0));
  assert.equal(bans.isAddressBanned("10.0.0.1:6881", 0), false);
  for (let at = 0; at < 3; at++) ban(bans, from(`10.0.0.1:${7000 + at}`, idOf(at), true));
  assert.ok(bans.isAddressBanned("10.0.0.1:6881", 0));
});

Deno.test("BanList: a ban ends after ten minutes, and so does the memory of it", () => {
  const bans = new BanList();
  ban(bans, from("10.0.0.1:50000", idOf(1)), 100);
  ban(bans, from("10.0.0.2:6881", idOf(2), true), 200);
  assert.deepEqual(bans.at(200), ["10.0.0.1:50000", "10.0.0.2:6881"]);
  const endTick = 100 + BAN_TICKS;
  assert.ok(bans.isBanned(from("10.0.0.1:1", idOf(1)), endTick - 1));
  assert.equal(bans.isBanned(from("10.0.0.1:1", idOf(1)), endTick), false);
  assert.deepEqual(bans.at(endTick), ["10.0.0.2:6881"]);
  ban(bans, from("10.0.0.1:50000", idOf(3)), endTick);
  ban(bans, from("10.0.0.1:50000", idOf(4)), endTick);
  assert.equal(bans.isBanned(from("10.0.0.1:1", idOf(5)), endTick), false, "two, not three");
});

Deno.test("BanList: bounded, whoever lies how often", () => {
  const bans = new BanList();
  for (let at = 0; at < 5000; at++) ban(bans, from(`10.${at >> 8}.${at & 255}.1:1`, idOf(at)));
  assert.ok(bans.at(0).length <= 1024);
  assert.ok(bans.isBanned(from(`10.${4999 >> 8}.${4999 & 255}.1:1`, idOf(4999)), 0));
});
