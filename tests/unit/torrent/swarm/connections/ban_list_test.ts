/** Who is banned. */

import assert from "node:assert/strict";
import { BanList } from "../../../../../torrent/swarm/connections/ban_list.ts";

Deno.test("BanList: by id and by port at once, by address after three of them", () => {
  const bans = new BanList();
  const offender = (at: number) => ({
    peerId: `${at}`.repeat(40),
    listensOn: `10.0.0.1:${at}`,
    host: "10.0.0.1",
  });
  bans.ban(offender(1));
  assert.ok(bans.isBanned({ peerId: "1".repeat(40) }));
  assert.ok(bans.isBanned({ listensOn: "10.0.0.1:1" }));
  assert.equal(bans.isBanned({ host: "10.0.0.1" }), false, "others may run on that machine");
  bans.ban(offender(2));
  bans.ban(offender(3));
  assert.ok(bans.isBanned({ host: "10.0.0.1" }));
  assert.equal(bans.isBanned({}), false);
});
