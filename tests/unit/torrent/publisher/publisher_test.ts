/** The build machine's folders when the system has no descriptors left, or nothing works for a while. */

import assert from "node:assert/strict";
import type { Clock } from "../../../../base/clock.ts";
import { silentLog } from "../../../../base/log.ts";
import { createRelease, type FeedServer, Inbox, Publisher } from "../../../../torrent/mod.ts";
import type { TorrentEngine, Transfer } from "../../../../torrent/mod.ts";

/** The error of a process that has as many files open as it may. */
function tooManyFiles(): Error {
  return Object.assign(new Error("Too many open files (os error 24)"), { code: "EMFILE" });
}

/** A publisher whose feed and engine are recorded, and whose clock ends after some rounds. */
async function setUp(
  work: (setting: {
    readonly inbox: Inbox;
    readonly added: Uint8Array[];
    readonly seeded: string[];
    readonly messages: string[];
    readonly publish: () => Promise<void>;
    readonly run: (rounds: number, beforeRound?: (round: number) => void) => Promise<void>;
  }) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-test-" });
  const feedDir = `${folder}/feed`;
  const [added, seeded, messages]: [Uint8Array[], string[], string[]] = [[], [], []];
  const inbox = new Inbox(feedDir);
  await inbox.open();
  const feed = {
    releases: [],
    add: (metainfo: Uint8Array) => Promise.resolve(added.push(metainfo) > 0),
    torrent: () => Promise.resolve(undefined),
  } as unknown as FeedServer;
  const engine = {
    seed({ root }: { root: string }) {
      seeded.push(root);
      return { done: Promise.resolve() } as unknown as Transfer;
    },
  } as unknown as TorrentEngine;
  const tell = (message: string) => void messages.push(message);
  try {
    await work({
      inbox,
      added,
      seeded,
      messages,
      async publish() {
        await Deno.writeTextFile(`${folder}/blob`, "content");
        const { infoHash, metainfo, root } = await createRelease({
          service: "web",
          version: "1",
          path: `${folder}/blob`,
          announce: [],
          log: silentLog,
        });
        await inbox.submit({ infoHash, metainfo, root });
      },
      async run(rounds, beforeRound) {
        const ending = new AbortController();
        let round = 0;
        const clock: Clock = {
          nowMs: () => 0,
          wallTimeMs: () => 0,
          after(_delayMs, callback) {
            if (++round >= rounds) ending.abort();
            else beforeRound?.(round);
            queueMicrotask(callback);
            return () => {};
          },
        };
        const log = { ...silentLog, warn: tell, info: tell };
        await new Publisher({ feedDir, feed, engine, log, clock }).run(ending.signal);
      },
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("Publisher: without free descriptors it goes on, tells it once, and takes in what waits afterwards", () =>
  setUp(async ({ added, seeded, messages, publish, run }) => {
    await publish();
    const { readDir } = Deno;
    let failures = 3;
    Deno.readDir = (path) => {
      if (failures-- > 0) throw tooManyFiles();
      return readDir(path);
    };
    try {
      await run(6);
    } finally {
      Deno.readDir = readDir;
    }
    assert.deepEqual([added.length, seeded.length], [1, 1]);
    assert.equal(messages.length, 2);
    assert.match(messages[0]!, /cannot be used now, it is tried again/);
    assert.match(messages[1]!, /can be used again, after \{failures\} failures/);
  }));

Deno.test("Publisher: a release that cannot be taken in for want of descriptors is not refused", () =>
  setUp(async ({ inbox, added, publish, run }) => {
    await publish();
    const { open } = Deno;
    let isShort = true;
    // Reading the .torrent and the root.
    Deno.open = (path, options) => isShort ? Promise.reject(tooManyFiles()) : open(path, options);
    try {
      await run(4, (round) => isShort = round < 2);
    } finally {
      Deno.open = open;
    }
    assert.equal(added.length, 1);
    assert.deepEqual(await inbox.waiting(), []);
  }));
