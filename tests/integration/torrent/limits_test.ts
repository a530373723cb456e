/**
 * Bandwidth limits between real engines on loopback, on a clock that only moves when it is told to: what has been sent is
 * compared with what the time that has passed allows.
 */

import assert from "node:assert/strict";
import { silentLog } from "../../../base/log.ts";
import {
  type BandwidthLimits,
  createRelease,
  createSwarmEngine,
  type Transfer,
  verifyRelease,
} from "../../../torrent/mod.ts";
import { createTracker } from "../../../tracker/mod.ts";
import { noise } from "../../unit/torrent/delta/content.ts";
import { temporaryDirectory } from "./peer_harness.ts";
import { ManualClock } from "../../support/manual_clock.ts";

const KIB = 1024;
const SIZE_BYTES = 1024 * KIB;
/** A tenth of a second at the rates below is more than a block; requests between our own may be larger. */
const SLACK_BYTES = 256 * KIB;
const STEP_MS = 100;
/** Many times what any of these takes. */
const MOST_MS = 300_000;

/** Lets real sockets carry what may go; how long that takes decides nothing. */
function letSocketsWork(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}

interface Outcome {
  /** On the engines' clock, from the first byte to the last. */
  readonly seconds: number;
}

/** Sends a release from one site to another; `check` looks at each step. */
async function send(
  limits: { readonly seeder?: BandwidthLimits; readonly fetcher?: BandwidthLimits },
  check: (seconds: number, transfer: Transfer) => void,
): Promise<Outcome> {
  await using directory = await temporaryDirectory();
  const tracker = await createTracker({ hostname: "127.0.0.1", log: silentLog });
  const clock = new ManualClock();
  const startEngine = (site: string, own: BandwidthLimits | undefined) =>
    createSwarmEngine({
      locality: { host: site, site, rack: "a" },
      hostname: "127.0.0.1",
      log: silentLog,
      clock,
      ...own === undefined ? {} : { limits: own },
    });
  const seeder = await startEngine("north", limits.seeder);
  const fetcher = await startEngine("south", limits.fetcher);
  try {
    const path = `${directory.path}/blob`;
    await Deno.writeFile(path, noise(SIZE_BYTES, 1));
    const announce = [tracker.announceUrl];
    const { metainfo, root } = await createRelease({
      service: "web",
      version: "1",
      path,
      announce,
      log: silentLog,
    });
    await seeder.seed({ metainfo, root }).done;
    const transfer = fetcher.fetch({ metainfo, root: `${directory.path}/incoming` });
    let isDone = false;
    void transfer.done.then(() => isDone = true);
    let firstMs: number | undefined;
    while (!isDone) {
      await letSocketsWork();
      if (transfer.progress().received.remoteBytes > 0) firstMs ??= clock.nowMs();
      const sinceMs = firstMs === undefined ? 0 : clock.nowMs() - firstMs;
      check((sinceMs + STEP_MS) / 1000, transfer);
      assert.ok(clock.nowMs() < MOST_MS, "expected it to go on, it stands still");
      clock.jump(STEP_MS);
    }
    await verifyRelease({ metainfo, root: `${directory.path}/incoming` });
    return { seconds: (clock.nowMs() - (firstMs ?? 0)) / 1000 };
  } finally {
    await Promise.all([seeder.close(), fetcher.close()]);
    await tracker.close();
  }
}

for (
  const [name, rates] of [
    ["in all", { total: 200 * KIB }],
    ["to other sites", { total: 900 * KIB, remote: 200 * KIB, rack: 16 * KIB }],
  ] as const
) {
  for (const who of ["seeder", "fetcher"] as const) {
    const direction = who === "seeder" ? "up" : "down";
    Deno.test(`limits: no more goes ${direction} ${name} than the rate allows`, async () => {
      const { seconds } = await send({ [who]: { [direction]: rates } }, (passed, transfer) => {
        const { remoteBytes } = transfer.progress().received;
        const most = passed * 200 * KIB + SLACK_BYTES;
        assert.ok(remoteBytes <= most, `${remoteBytes} bytes after ${passed} s, at most ${most}`);
      });
      const least = (SIZE_BYTES - SLACK_BYTES) / (200 * KIB);
      assert.ok(seconds >= least, `all of it after ${seconds} s, at least ${least}`);
    });
  }
}

Deno.test("limits: of other distances and directions hold nothing up", async () => {
  const limits = { up: { rack: 16 * KIB, site: 16 * KIB }, down: { total: 16 * KIB } };
  const { seconds } = await send({ seeder: limits }, () => {});
  assert.ok(seconds < SIZE_BYTES / (16 * KIB) / 4, `${seconds} s`);
});
