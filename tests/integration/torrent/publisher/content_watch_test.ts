/** A published file is changed where it lies, while it is seeded: by a real publisher, feed and swarm. */

import assert from "node:assert/strict";
import { systemClock } from "../../../../base/clock.ts";
import { silentLog } from "../../../../base/log.ts";
import {
  createFeedServer,
  createRelease,
  Inbox,
  Publisher,
  readFeed,
  recordPublishedFiles,
  verifyRelease,
} from "../../../../torrent/mod.ts";
import { startFixedTracker, startHost } from "../fault_world.ts";
import { sampleBytes, temporaryDirectory } from "../peer_harness.ts";

const BYTES = 3_000_000;
/** Far more than it takes: a test ends as soon as what it waits for is so. */
const PATIENCE_MS = 60_000;
const LOOK_MS = 50;

async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  for (let waitedMs = 0; !await isTrue(); waitedMs += LOOK_MS) {
    assert.ok(waitedMs < PATIENCE_MS, `waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** A build machine with one release of two files; `lines` is its log. */
async function withBuildMachine(
  test: (machine: {
    readonly file: string;
    readonly lines: readonly string[];
    readonly isOffered: () => Promise<boolean>;
    readonly fetch: () => Promise<void>;
  }) => Promise<void>,
): Promise<void> {
  await using directory = await temporaryDirectory();
  const content = `${directory.path}/content`;
  await Deno.mkdir(content);
  await Deno.writeFile(`${content}/a`, sampleBytes(BYTES, 1));
  await Deno.writeFile(`${content}/b`, sampleBytes(1_000, 2));
  const feedDir = `${directory.path}/feed`;
  const inbox = new Inbox(feedDir);
  await inbox.open();
  const lines: string[] = [];
  const tell = (template: string, values: Record<string, unknown> = {}) =>
    void lines.push(template.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name])));
  const log = { debug() {}, info: tell, warn: tell, error: tell };
  const engine = await startHost("build");
  await using tracker = startFixedTracker(() => [engine.port]);
  const feed = await createFeedServer({
    directory: feedDir,
    hostname: "127.0.0.1",
    log: silentLog,
  });
  const publisher = new Publisher({ feedDir, feed, engine, log, clock: systemClock });
  const ending = new AbortController();
  const running = publisher.run(ending.signal);
  try {
    const announce = [tracker.announceUrl];
    const created = await createRelease({
      ...{ service: "web", version: "v1", path: content, announce, log: silentLog },
    });
    await inbox.submit(created);
    await recordPublishedFiles(feedDir, created);
    const isOffered = async () => (await readFeed(feed.url)).length === 1;
    await until("it is offered", isOffered);
    await test({
      file: `${content}/a`,
      lines,
      isOffered,
      async fetch() {
        const host = await startHost("web-1");
        try {
          const target = `${directory.path}/incoming`;
          const { metainfo } = created;
          await host.fetch({ metainfo, root: target }).done;
          await verifyRelease({ metainfo, root: target });
        } finally {
          await host.close();
        }
      },
    });
  } finally {
    ending.abort();
    await running;
    await feed.close();
    await engine.close();
  }
}

Deno.test("publisher: a file that is written over is neither seeded nor offered, until the right bytes are back", () =>
  withBuildMachine(async ({ file, lines, isOffered, fetch }) => {
    // Regression: the wrong bytes were served, and every host banned the only seed.
    const right = await Deno.readFile(file);
    using open = await Deno.open(file, { write: true });
    await open.write(new Uint8Array(70_000).fill(7));
    await until("it is not offered", async () => !await isOffered());
    const wrong =
      /^web v1: not seeded or offered, its content in \S+ is not what was published: .*\ba\b.*Put the files back/;
    await until("the log says so", () => lines.some((line) => wrong.test(line)));
    assert.equal(lines.filter((line) => wrong.test(line)).length, 1, lines.join("\n"));
    await Deno.writeFile(file, right);
    await until("it is offered again", isOffered);
    assert.match(lines.at(-1) ?? "", /^web v1: its files are right: seeded and offered again$/);
    await fetch();
  }));

Deno.test("publisher: a file that was touched, or moved away and back, is read once and goes on", () =>
  withBuildMachine(async ({ file, lines, isOffered, fetch }) => {
    await Deno.utime(file, 1, 1);
    const isRight = (count: number) => () =>
      lines.filter((line) => line.includes("its files are right")).length === count;
    await until("it was read", isRight(1));
    await until("it is offered again", isOffered);
    await Deno.rename(file, `${file}.away`);
    await until("it is not offered", async () => !await isOffered());
    await Deno.rename(`${file}.away`, file);
    await until("it was read again", isRight(2));
    await until("it is offered again", isOffered);
    await fetch();
  }));
