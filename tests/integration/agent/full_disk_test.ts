/**
 * A disk that fills up during a fetch, as `rollcall status` shows it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { renderFleet } from "../../../cli/status/fleet_view.ts";
import { readFleet } from "../../../coordination/mod.ts";
import { canMount } from "../cli/small_disk.ts";
import { TestFleet } from "./harness/fleet.ts";

/**
 * Runs an agent that has a small file system mounted at the folder `$0` of a release that it is about to fetch. It grows
 * once the file `$1` exists. The disk around it has room, so that only the fetch itself runs out of space.
 */
const ON_SMALL_DISK = `
  disk="$0"; switch="$1"; shift
  mkdir -p "$disk" && mount -t tmpfs -o size=1m tmpfs "$disk" || exit
  { until [ -e "$switch" ]; do sleep 0.05; done; mount -o remount,size=16m "$disk"; } &
  exec "$@"`;

Deno.test({
  name:
    "full disk: a fetch that waits for room says so in the fleet's table, and so does one that goes on",
  ignore: !await canMount(),
  async fn() {
    await TestFleet.run({ hosts: ["web-1"] }, async (fleet) => {
      await fleet.killAgent("web-1", "SIGTERM");
      const disk = `${fleet.folder}/web-1/web/v1.partial/large`;
      const unshare = ["unshare", "--map-root-user", "--mount", "sh", "-c", ON_SMALL_DISK];
      await fleet.startAgent("web-1", {
        wrapper: [...unshare, disk, `${fleet.folder}/switches/room`],
      });
      await fleet.untilOnline();
      await fleet.publish("v1", { kind: "healthy" }, { sizeBytes: 8_000_000, folder: "large" });
      await fleet.startRollout({ versions: { web: "v1" } });
      const { preparation } = await fleet.untilHost(
        "web-1",
        "waits for room",
        (host) => host.preparation?.pause !== undefined,
      );
      assert.equal(preparation?.phase, "fetching");
      assert.match(
        preparation?.pause ?? "",
        /^disk full, goes on by itself .*: no room for .*v1\.partial\/large\/data \(ENOSPC\)/,
      );
      const view = { columns: 80, nowMs: Date.now() };
      const shown = renderFleet(await readFleet(fleet.zookeeper), view);
      assert.match(stripVTControlCharacters(shown), /v1 paused ░{10} +0%\n +disk full, goes on/);
      await fleet.turn("room", "on");
      await fleet.untilFinished();
      await fleet.untilServing("v1");
      const { preparation: rest, waitingFor } = await fleet.host("web-1");
      assert.deepEqual([rest, waitingFor], [null, null]);
    });
  },
});
