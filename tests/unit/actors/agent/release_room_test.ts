/** Tests of what an agent says of the room for a release. */

import assert from "node:assert/strict";
import { ReleaseRoom } from "../../../../actors/agent/release_room.ts";
import { type FetcherDisk, thisDisk } from "../../../../actors/fetcher/disk.ts";
import { pinnerActor } from "../../../../actors/pinner/pinner.ts";
import type { PinnedEvent } from "../../../../actors/pinner/messages.ts";
import { ActorSystem, systemClock, Topic } from "../../../../actors/runtime/mod.ts";
import { type PinKeepers, ReleaseStore, thisHost } from "../../../../host/mod.ts";

const MIB = 1024 ** 2;

Deno.test("ReleaseRoom: what the fetcher and the pinner would find out, before anything is fetched", async () => {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-room-" });
  const system = ActorSystem.create({ name: "test" });
  try {
    const store = new ReleaseStore(folder, "web");
    await store.open();
    let freeBytes = 1_000 * MIB;
    const disk: FetcherDisk = { ...thisDisk, freeBytes: () => Promise.resolve(freeBytes) };
    let refusal: string | null = null;
    const keepers: PinKeepers = {
      ...thisHost.keepers,
      check: () => {
        if (refusal !== null) throw new Error(refusal);
      },
    };
    const room = new ReleaseRoom();
    const pinner = (mode: "required" | "preferred") =>
      system.spawn(
        mode,
        pinnerActor({
          service: "web",
          store,
          config: { mode, limit: Infinity, margin: 0 },
          keeperCommand: [],
          events: new Topic<PinnedEvent>("pinned"),
          keepers,
        }),
      );
    const ask = (sizeBytes: number, version = "v2") =>
      room.ask({ service: "web", version, sizeBytes }, systemClock);
    assert.equal(await ask(1), null);
    room.set("web", { store, disk, pinner: pinner("required") });
    assert.deepEqual(await ask(900 * MIB), { ok: true });
    // Some room stays free, and what is there of it already counts.
    assert.deepEqual(await ask(1_000 * MIB), { ok: false, reason: "its disk lacks 64.0 MiB" });
    await Deno.writeFile(`${await store.preparePartial("v2")}/blob`, new Uint8Array(32 * MIB));
    const partly = await ask(1_000 * MIB);
    assert.deepEqual(partly, { ok: false, reason: "its disk lacks 32.0 MiB" });
    await store.writeReceipt("v2", { infoHash: "a".repeat(40), verifiedAt: 0 });
    await store.promote("v2");
    freeBytes = 0;
    assert.deepEqual(await ask(1_000 * MIB), { ok: true });
    refusal = "expected more memory";
    assert.deepEqual(await ask(1, "v2"), { ok: false, reason: refusal });
    room.set("web", { store, disk, pinner: pinner("preferred") });
    assert.deepEqual(await ask(1, "v2"), { ok: true });
  } finally {
    await system.stop();
    await Deno.remove(folder, { recursive: true });
  }
});
