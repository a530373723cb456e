import assert from "node:assert/strict";
import { readRolloutHistory } from "../../../coordination/mod.ts";
import { TestFleet } from "./harness/fleet.ts";

Deno.test("staging: with the build machine away the host says so, tries again, and goes on when it is back", async () => {
  await TestFleet.run({ hosts: ["web-1"] }, async (fleet) => {
    await fleet.publish("v1");
    await fleet.startRollout({
      versions: { web: "v1" },
      beforeWriting: () => fleet.build.goAway(),
    });
    const { waitingFor, preparation } = await fleet.untilHost(
      "web-1",
      "says what is missing",
      (host) => /next try after \d+ s/.test(host.waitingFor ?? ""),
    );
    assert.match(waitingFor ?? "", /http:\/\/127\.0\.0\.1:\d+/);
    assert.equal(preparation?.phase, "failed");
    await fleet.build.comeBack();
    await fleet.untilFinished();
    await fleet.untilServing("v1");
  });
});

Deno.test("staging: a .torrent of another release is refused (I4)", async () => {
  await TestFleet.run({ hosts: ["web-1"] }, async (fleet) => {
    await fleet.publish("v1");
    await fleet.publish("v2");
    await fleet.startRollout({
      versions: { web: "v2" },
      beforeWriting(releases) {
        const release = releases.get("web");
        assert.ok(release);
        releases.set("web", { ...release, infoHash: "0123456789".repeat(4) });
      },
    });
    const { version } = await fleet.untilHost(
      "web-1",
      "refuses it",
      (host) => /next try after \d+ s/.test(host.waitingFor ?? ""),
    );
    assert.equal(version, null);
    assert.match((await fleet.host("web-1")).waitingFor ?? "", /info hash|0123456789/);
    // And a good rollout does not wait for the next attempt of the bad one.
    await fleet.abort();
    await fleet.startRollout({ versions: { web: "v1" } });
    await fleet.untilFinished();
    await fleet.untilServing("v1");
  });
});

Deno.test("staging: a version that was built again is refused by the start, and by a host that has it on its disk", async () => {
  // Regression: a host took what it had under the version for what was rolled out, or replaced the one by the other.
  await TestFleet.run({ hosts: ["web-1"] }, async (fleet) => {
    const infoHash = "0123456789".repeat(4);
    const rebuilt = (version: string) =>
      fleet.startRollout({
        versions: { web: version },
        beforeWriting(releases) {
          const release = releases.get("web");
          assert.ok(release);
          releases.set("web", { ...release, infoHash });
        },
      });
    await fleet.install("v1");
    await fleet.install("v2");
    await assert.rejects(
      () => rebuilt("v2"),
      /v2 is [0-9a-f]{40} \(committed, on offer, on web-1\), and (0123456789){4} is wanted under/,
    );
    // The tree does not know any more which content v1 has, but the host's disk does.
    await rebuilt("v1");
    const { waitingFor, version } = await fleet.untilHost(
      "web-1",
      "refuses it",
      (host) => /next try after \d+ s/.test(host.waitingFor ?? ""),
    );
    assert.match(
      waitingFor ?? "",
      /v1 is [0-9a-f]{40} \(on this host's disk\), and (0123456789){4} is wanted under the same version; publish/,
    );
    assert.equal(version, "v2");
    await fleet.abort();
    await fleet.install("v3");
  });
});

Deno.test("staging: a host that cannot get the release fails after its deadline, halts, and goes on once it can", async () => {
  // Regression: it waited for ever, the rollout was `running` for ever, and nobody was told.
  await TestFleet.run({ hosts: ["web-1", "web-2"] }, async (fleet) => {
    await fleet.install("v1");
    await fleet.publish("v2");
    const id = await fleet.startRollout({
      versions: { web: "v2" },
      policy: { preparation: { stall: 1_000 }, maxFailures: 1 },
      beforeWriting: () => fleet.build.goAway(),
    });
    await fleet.until("the rollout is halted", ({ control }) => control?.state === "halted");
    const { control } = await fleet.read();
    assert.match(
      control?.reason ?? "",
      /web v2 failed on web-1, web-2: the policy allows 1 \(web-\d: v2 cannot be prepared: no progress for 1s \(.*http:/,
    );
    for (const host of fleet.hosts) {
      const { slot, state, version } = await fleet.host(host);
      assert.deepEqual([slot?.step, slot?.cause], ["failed", "preparation"]);
      // It has stopped nothing.
      assert.deepEqual([state, version], ["serving", "v1"]);
    }
    const { events } = await readRolloutHistory(fleet.zookeeper, id);
    assert.deepEqual(
      events.map((event) => event.kind === "switch" ? [event.cause, event.steps] : event.order),
      [["preparation", []], ["preparation", []], "halt"],
    );
    await fleet.build.comeBack();
    await fleet.until(
      "the records go once it is ready",
      ({ services }) => services["web"]?.hosts.every(({ slot }) => slot === null) ?? false,
    );
    await fleet.resume();
    await fleet.untilFinished();
    await fleet.untilServing("v2");
  });
});

/** A process that may lock 64 KiB, and has no capability to lock more. */
const UNPRIVILEGED = ["prlimit", "--memlock=65536:65536", "setpriv", "--bounding-set=-ipc_lock"];

Deno.test({
  name:
    "pin: without permission `required` waits and says what is missing, `preferred` goes on unpinned",
  // Only root can drop a capability from the bounding set; another user does not have it in the first place.
  ignore: Deno.uid() !== 0,
  async fn() {
    const hosts = ["web-1"];
    await TestFleet.run({ hosts, pin: "required", wrapper: UNPRIVILEGED }, async (fleet) => {
      await fleet.publish("v1", { kind: "healthy" }, { sizeBytes: 1_000_000 });
      await fleet.startRollout({ versions: { web: "v1" } });
      const { waitingFor } = await fleet.untilHost(
        "web-1",
        "says what is missing",
        (host) => /not locked in memory/.test(host.waitingFor ?? ""),
      );
      assert.match(
        waitingFor ?? "",
        /raise the limit on locked memory \(RLIMIT_MEMLOCK\) by 0\.9 MiB, .*; for a systemd unit/,
      );
      assert.match(waitingFor ?? "", /LimitMEMLOCK/);

      await fleet.killAgent("web-1", "SIGTERM");
      await fleet.startAgent("web-1", { pin: "preferred" });
      await fleet.untilOnline();
      await fleet.untilFinished();
      await fleet.untilServing("v1");
      assert.equal((await fleet.host("web-1")).pinnedBytes, 0);
      assert.match(fleet.agent("web-1").log, /web v1: not locked in memory/);
    });
  },
});
