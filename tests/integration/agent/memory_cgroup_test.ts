/** A host in a memory cgroup that has no room for a second release. Needs root. */

import assert from "node:assert/strict";
import { NO_MEMORY_CGROUP, withMemoryCgroup } from "../memory_cgroup.ts";
import { TestFleet } from "./harness/fleet.ts";

const skipped = NO_MEMORY_CGROUP === null ? "" : ` (skipped: ${NO_MEMORY_CGROUP})`;

const MEBIBYTE = 1024 ** 2;

Deno.test({
  name:
    `memory cgroup (root): v1 serves on, locked, while v2 waits for memory and says which line to add${skipped}`,
  ignore: NO_MEMORY_CGROUP !== null,
  async fn() {
    // Regression: preparing v2 had the kernel kill what it found: the keepers in turn, the service, or the agent.
    await withMemoryCgroup(2048 * MEBIBYTE, async (cgroup) => {
      await TestFleet.run({ hosts: ["web-1"] }, async (fleet) => {
        await fleet.killAgent("web-1", "SIGTERM");
        await fleet.startAgent("web-1", {
          serviceKeys: { pin: { mode: "required", limit: "1G", margin: "64M" } },
          wrapper: cgroup.wrapper,
        });
        await fleet.untilOnline();
        await fleet.publish("v1", { kind: "healthy" }, { sizeBytes: 120 * MEBIBYTE });
        await fleet.startRollout({ versions: { web: "v1" } });
        await fleet.untilFinished();
        await fleet.untilHost("web-1", "has v1 locked", (host) => host.pinnedBytes > 0);
        const service = await fleet.service("web-1");
        const keepers = await fleet.keeperPids("web-1");
        assert.equal(keepers.length, 1);

        cgroup.limitTo(cgroup.unreclaimableBytes() + 180 * MEBIBYTE);
        await fleet.publish("v2", { kind: "healthy" }, { sizeBytes: 200 * MEBIBYTE });
        await fleet.startRollout({ versions: { web: "v2" } });
        const { waitingFor } = await fleet.untilHost(
          "web-1",
          "says what limits it",
          (host) => /is not locked in memory/.test(host.waitingFor ?? ""),
        );
        const [, raised] = (waitingFor ?? "").match(
          new RegExp(
            `v2 is not locked in memory: pin web v2: echo (\\d+) > ${cgroup.folder}/${cgroup.limitFile}, ` +
              `\\d+ MiB more: it takes`,
          ),
        ) ?? assert.fail(String(waitingFor));
        // No byte of it has been fetched, nobody was killed, and what runs is what ran.
        await assert.rejects(
          Deno.stat(`${fleet.folder}/web-1/web/v2.partial`),
          Deno.errors.NotFound,
        );
        assert.equal(cgroup.oomKills(), 0);
        assert.deepEqual(await fleet.keeperPids("web-1"), keepers);
        assert.deepEqual(await fleet.service("web-1"), service);

        // With that line it goes on by itself.
        cgroup.limitTo(Number(raised));
        await fleet.untilFinished();
        await fleet.untilServing("v2");
        assert.equal(cgroup.oomKills(), 0);
      });
    });
  },
});
