/** Pieces that are large enough to be hashed on another thread: among liars, and when the fetch ends in between. */

import assert from "node:assert/strict";
import { backgroundSha1 } from "../../../ffi/mod.ts";
import { type Clock, systemClock } from "../../../base/clock.ts";
import { verifyRelease } from "../../../torrent/mod.ts";
import {
  blockMessage,
  publishBlob,
  startBadPeer,
  startFixedTracker,
  startHost,
  until,
} from "./fault_world.ts";

const MIB = 1024 * 1024;
const PIECE_BYTES = 2 * MIB;
const SIZE_BYTES = 48 * MIB + 5;

// Opened before the tests, or it would look like something that one of them has left open.
backgroundSha1();

/** A clock that hardly moves: whatever this process does seems to take more than one processor. */
const slowClock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() / 1000 };

const start = (host: string) => startHost(host, { clock: slowClock });

Deno.test("swarm: large pieces: a peer that lies is found out, banned, and not met again", async () => {
  const ports: number[] = [];
  let seederPort = 0;
  await using tracker = startFixedTracker((asker) => asker === seederPort ? [] : ports);
  const { directory, metainfo, infoHash, root, target } = await publishBlob(
    SIZE_BYTES,
    tracker.announceUrl,
    { pieceLengthBytes: PIECE_BYTES },
  );
  await using _directory = directory;
  await using bad = startBadPeer(infoHash, { answer: (request) => blockMessage(request, 66) });
  const seeder = await start("seeder");
  seederPort = seeder.port;
  const fetcher = await start("fetcher");
  try {
    await seeder.seed({ metainfo, root }).done;
    ports.push(bad.port);
    const transfer = fetcher.fetch({ metainfo, root: target });
    // Its first piece is found out while nobody else is there.
    await until(transfer, ({ type }) => type === "piece_rejected");
    ports.push(seeder.port);
    await transfer.done;
    await verifyRelease({ metainfo, root: target });
    assert.equal(bad.met, 1);
  } finally {
    await fetcher.close();
    await seeder.close();
  }
});

Deno.test("swarm: large pieces: stopped while some are being hashed, the next fetch takes only what is missing", async () => {
  const ports: number[] = [];
  await using tracker = startFixedTracker(() => ports);
  const { directory, metainfo, root, target } = await publishBlob(
    SIZE_BYTES,
    tracker.announceUrl,
    { pieceLengthBytes: PIECE_BYTES },
  );
  await using _directory = directory;
  const seeder = await start("seeder");
  try {
    await seeder.seed({ metainfo, root }).done;
    ports.push(seeder.port);
    const verified = new Set<number>();
    for (let life = 0;; life++) {
      const fetcher = await start("fetcher");
      const transfer = fetcher.fetch({ metainfo, root: target });
      const isNew = until(transfer, (event) => {
        if (event.type !== "piece_verified") return false;
        assert.equal(verified.has(event.index), false, `piece ${event.index} came twice`);
        verified.add(event.index);
        return life < 3 && verified.size > life * 4;
      });
      transfer.done.catch(() => {});
      if (life === 3) {
        await transfer.done;
        await verifyRelease({ metainfo, root: target });
        await fetcher.close();
        break;
      }
      await isNew;
      await transfer.stop();
      const stoppedBytes = transfer.progress().verifiedBytes;
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(transfer.progress().verifiedBytes, stoppedBytes, "nothing comes after the end");
      await fetcher.close();
    }
  } finally {
    await seeder.close();
  }
});
