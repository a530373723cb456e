/** `rollcall restart`, to real agents. */

import assert from "node:assert/strict";
import { parse } from "yaml";
import { rollcall } from "../cli/rollcall_process.ts";
import { TestFleet } from "./harness/fleet.ts";

const HOSTS = ["web-1", "web-2", "web-3"];

Deno.test("restart: starts what runs anew, one host after the other, and what runs already is not rolled out again", async () => {
  await TestFleet.run({ hosts: HOSTS }, async (fleet) => {
    const zookeeper = ["--zookeeper", fleet.connectString];
    const none = await rollcall("restart", "web", ...zookeeper);
    assert.deepEqual([none.status, none.stderr], [
      1,
      "rollcall: restart web: no version of web is committed yet; roll one out (rollcall rollout PLAN)\n",
    ]);
    await fleet.install("v1");
    const pidsOf = async () =>
      await Promise.all(HOSTS.map(async (host) => (await fleet.service(host))?.pid));
    const before = await pidsOf();
    await fleet.observer.forget();
    const plan = `${fleet.folder}/plan.yaml`;
    await Deno.writeTextFile(
      plan,
      `feed: ${fleet.build.feedUrl}\nservices:\n  web: { version: v1 }\n`,
    );
    const again = await rollcall("rollout", plan, ...zookeeper);
    assert.deepEqual([again.status, again.stdout], [
      0,
      "web: all 3 hosts run v1 already; nothing to do\n",
    ]);
    assert.deepEqual(await pidsOf(), before);

    const restarted = await rollcall("restart", "web", "--timeout", "50s", ...zookeeper);
    assert.equal(restarted.status, 0, restarted.stderr);
    assert.match(restarted.stdout, /^Rollout \S+: restarts web v1, by \S+\n/);
    await fleet.untilServing("v1");
    const after = await pidsOf();
    assert.ok(after.every((pid, index) => pid !== before[index]), `${before} ${after}`);
    assert.deepEqual([...fleet.observer.admissions].sort(), HOSTS.map((host) => `web/${host}`));

    // An agent that begins anew finds what it has restarted, and does not do it again.
    const agent = fleet.agent("web-2");
    agent.signal("SIGKILL");
    await agent.exited;
    await fleet.startAgent("web-2");
    await fleet.untilServing("v1");
    assert.deepEqual(await pidsOf(), after);
    await fleet.publish("v2");
    await fleet.startRollout({ versions: { web: "v2" } });
    await fleet.untilFinished();
    await fleet.untilServing("v2");
  });
});

Deno.test("rollcall rollout: what runs already is not rolled out, and what differs from the configs is said", async () => {
  // Regression: it was "finished" in a moment, with the old environment, and said nothing.
  await TestFleet.run({ hosts: HOSTS }, async (fleet) => {
    await fleet.install("v1");
    const { services } = parse(await Deno.readTextFile(`${fleet.folder}/web-2.yaml`));
    await fleet.killAgent("web-2");
    const env = { ...services.web.env, GREETING: "hello" };
    await fleet.startAgent("web-2", { serviceKeys: { env } });
    const otherwise =
      "runs otherwise than its config says (env GREETING), until it is started anew";
    await fleet.untilHost("web-2", "says what differs", (host) => host.waitingFor === otherwise);
    const plan = `${fleet.folder}/plan.yaml`;
    await Deno.writeTextFile(
      plan,
      `feed: ${fleet.build.feedUrl}\nservices:\n  web: { version: v1 }\n`,
    );
    const start = ["rollout", plan, "--zookeeper", fleet.connectString];
    const lines = [
      "web: all 3 hosts run v1 already; nothing to do",
      `  web-2 ${otherwise}`,
      "  Start it anew, one host after the other: rollcall restart web",
    ];
    const told = await rollcall(...start);
    assert.deepEqual([told.status, told.stdout], [0, `${lines.join("\n")}\n`]);
    const json = await rollcall(...start, "--json");
    assert.deepEqual(JSON.parse(json.stdout), { nothingToDo: lines });
    const restarted = await rollcall(
      ...["restart", "web", "--timeout", "50s", "--zookeeper", fleet.connectString],
    );
    assert.equal(restarted.status, 0, restarted.stderr);
    const after = await rollcall(...start);
    assert.equal(after.stdout, `${lines[0]}\n`);
  });
});
