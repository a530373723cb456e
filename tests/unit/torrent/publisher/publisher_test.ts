import assert from "node:assert/strict";
import { Publisher } from "../../../../torrent/publisher/publisher.ts";
import { ManualClock } from "../../../support/manual_clock.ts";

async function until(condition: () => boolean): Promise<void> {
  for (let look = 0; !condition(); look++) {
    assert.ok(look < 1_000, "expected it to hold within 5 s");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

Deno.test("Publisher: an inbox that cannot be read for a while is told once and tried again", async () => {
  const feedDir = await Deno.makeTempDir({ prefix: "rollcall-publisher-" });
  const clock = new ManualClock();
  const warnings: string[] = [];
  const added: Uint8Array[] = [];
  const log = {
    debug() {},
    info() {},
    error() {},
    warn: (message: string) => void warnings.push(message),
  };
  const publisher = new Publisher({
    feedDir,
    feed: {
      releases: [],
      add: (metainfo: Uint8Array) => Promise.resolve(added.push(metainfo) > 0),
      torrent: () => Promise.resolve(undefined),
    } as never,
    engine: { seed: () => ({ done: Promise.resolve() }) } as never,
    log,
    clock,
  });
  const stop = new AbortController();
  const running = publisher.run(stop.signal);
  try {
    await until(() => clock.waiting > 0);
    await Deno.remove(`${feedDir}/inbox`);
    await Deno.writeTextFile(`${feedDir}/inbox`, "not a folder");
    for (let round = 0; round < 3; round++) {
      clock.advance(250);
      await until(() => clock.waiting > 1);
    }
    assert.deepEqual(warnings, ["cannot take releases in now: {cause}"]);
    await Deno.remove(`${feedDir}/inbox`);
    await Deno.mkdir(`${feedDir}/inbox`);
    await Deno.writeFile(`${feedDir}/inbox/${"ab".repeat(20)}.torrent`, new Uint8Array([1]));
    clock.advance(250);
    await until(() => added.length > 0);
    await until(() => clock.waiting > 1);
  } finally {
    stop.abort();
    await running;
    await Deno.remove(feedDir, { recursive: true });
  }
});
