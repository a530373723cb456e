/** An operator's words about one host, by the command line, to real agents. */

import assert from "node:assert/strict";
import { rollcall } from "../cli/rollcall_process.ts";
import { readRolloutHistory } from "../../../coordination/mod.ts";
import { TestFleet } from "./harness/fleet.ts";

const HOSTS = ["web-1", "web-2", "web-3"];

Deno.test("rollout skip, rollout retry: a host whose switch fails is left out, the rollout ends, and later it tries again", async () => {
  await TestFleet.run({ hosts: HOSTS }, async (fleet) => {
    const said = async (...args: string[]) => {
      const { status, stdout, stderr } = await rollcall(
        "rollout",
        ...args,
        "--zookeeper",
        fleet.connectString,
      );
      return [status, (stdout + stderr).replaceAll(/\S+@[^\s:.,]+/g, "ann")] as const;
    };
    await fleet.install("v1");
    await fleet.publish("v2", { kind: "unwell", unless: "mended", hosts: ["web-2"] });
    assert.deepEqual(await said("retry", "web-2"), [
      1,
      "rollcall: retry web-2: no switch of web has failed on web-2, and nobody has left it out; nothing was changed\n",
    ]);
    assert.match(
      (await said("skip", "web-2"))[1],
      /skip web-2: nothing is rolled out to web-2 for web; nothing/,
    );
    await fleet.startRollout({ versions: { web: "v2" } });
    await fleet.until("the rollout is halted", ({ control }) => control?.state === "halted");
    await fleet.untilServing("v1", ["web-2"]);

    const [watched, why] = await said("watch");
    assert.equal(watched, 1);
    assert.match(
      why,
      /halted by web-2: web v2 failed on web-2.*; what happened: rollcall rollout history \S+; try again: .*; without web-2: /,
    );
    const [skipped, told] = await said("skip", "web-2", "--reason", "bad disk");
    assert.equal(skipped, 0);
    assert.match(
      told,
      /^web-2: web v2 goes on without it, skipped by ann: bad disk; it had failed: .*\. It stays on v1; it goes along with/,
    );
    assert.match(
      told,
      /\nControl is halted by web-2: .* The others go on when control runs again: rollcall rollout resume\n$/,
    );
    assert.match(
      (await said("skip", "web-2"))[1],
      /web-2 is left out already: skipped by ann: bad disk.*; nothing was changed/,
    );
    assert.equal((await said("resume"))[0], 0);
    await fleet.untilFinished();
    await fleet.untilServing("v2", ["web-1", "web-3"]);
    await fleet.untilServing("v1", ["web-2"]);
    const { rollout } = await fleet.read();
    const { events } = await readRolloutHistory(fleet.zookeeper, rollout?.id ?? "");
    const orders = events.flatMap((event) =>
      event.kind === "order" ? [[event.order, event.host, event.reason]] : []
    );
    assert.equal(orders[0]?.[0], "halt");
    assert.deepEqual(orders.slice(1), [
      ["skip", "web-2", "bad disk"],
      ["resume", undefined, null],
    ]);
    await fleet.untilHost(
      "web-2",
      "says why it stays",
      ({ waitingFor }) => waitingFor?.startsWith("v2 is not for this host: skipped by") === true,
    );

    await fleet.turn("mended", "on");
    const [retried, again] = await said("retry", "web-2", "--service", "web");
    assert.deepEqual([
      retried,
      again.startsWith("web-2: web v2 is tried again, by ann (skipped by ann: bad disk"),
    ], [0, true]);
    await fleet.untilServing("v2");
    const { slot, waitingFor } = await fleet.host("web-2");
    assert.deepEqual([slot, waitingFor], [null, null]);
  });
});

Deno.test("rollout skip: a canary that is away is left out, and the others go on", async () => {
  await TestFleet.run({ hosts: HOSTS }, async (fleet) => {
    await fleet.install("v1");
    await fleet.publish("v2");
    const agent = fleet.agent("web-1");
    agent.signal("SIGKILL");
    await agent.exited;
    await fleet.untilOffline(["web-1"]);
    const order = [{ service: "web", hosts: ["web-1"] }, "web"];
    await fleet.startRollout({ versions: { web: "v2" }, order, policy: { maxUnavailable: 2 } });
    const skipped = await rollcall("rollout", "skip", "web-1", "--zookeeper", fleet.connectString);
    assert.equal(skipped.status, 0, skipped.stderr);
    assert.match(skipped.stdout, /It may come back on either version/);
    await fleet.untilFinished();
    await fleet.untilServing("v2", ["web-2", "web-3"]);
  });
});
