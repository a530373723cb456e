import assert from "node:assert/strict";
import { readServices, rollBack } from "../../../coordination/mod.ts";
import { rollcall } from "../cli/rollcall_process.ts";
import { TestFleet } from "./harness/fleet.ts";

const HOSTS = ["web-1", "web-2", "web-3"];

Deno.test("rollback: a rollout that halts is taken back by the hosts, if its plan says so (I6, I8)", async () => {
  await TestFleet.run({ hosts: HOSTS }, async (fleet) => {
    await fleet.install("v1");
    await fleet.publish("v2", { kind: "crashes", afterMs: 300, hosts: ["web-2", "web-3"] });
    const id = await fleet.startRollout({
      versions: { web: "v2" },
      order: [{ service: "web", hosts: ["web-1"] }, "web"],
      policy: { bakeTime: 1_500 },
      onFailure: "rollback",
    });
    const { rollout, control } = await fleet.until(
      "the rollback is finished",
      ({ rollout }) => rollout?.rollsBack === id && rollout.state === "finished",
    );
    assert.deepEqual(rollout?.waves.map(({ service, version }) => [service, version]), [
      ["web", "v1"],
    ]);
    assert.ok(HOSTS.includes(rollout?.by ?? ""), "a host has begun it");
    assert.equal(control?.state, "running");
    await fleet.untilServing("v1");
    // The canary was on v2, and has gone back by a switch of its own.
    const back = fleet.observer.admissions.filter((admission) => admission === "web/web-1");
    assert.ok(back.length >= 2, `${fleet.observer.admissions}`);
    const entry = (await readServices(fleet.zookeeper, ["web"])).get("web")?.entry;
    assert.deepEqual([entry?.committed?.version, entry?.withdrawn], ["v1", ["v2"]]);
    const { slot } = await fleet.host("web-2");
    assert.equal(slot, null);
  });
});

Deno.test("rollback: a person takes back what is finished, and what was aborted half way", async () => {
  await TestFleet.run({ hosts: ["web-1"], services: ["web", "api"] }, async (fleet) => {
    for (const service of ["web", "api"]) {
      for (const version of ["v1", "v2"]) {
        await fleet.publish(version, { kind: "healthy" }, { service });
      }
    }
    await fleet.publish("v3", { kind: "healthy" }, { service: "web" });
    await fleet.publish("v3", { kind: "unwell" }, { service: "api" });
    const dependsOn = { api: ["web"] };
    const runs = async (version: string) => {
      for (const service of ["web", "api"]) {
        await fleet.until(
          `${service} runs ${version}`,
          async () => (await fleet.service("web-1", service))?.version === version,
        );
      }
    };
    const goBack = () =>
      rollBack(fleet.zookeeper, { by: "test", nowMs: Date.now(), random: Math.random });
    await fleet.startRollout({ versions: { web: "v1", api: "v1" }, dependsOn });
    await fleet.untilFinished();
    await assert.rejects(goBack, /roll back: nothing was committed before/);

    await fleet.startRollout({ versions: { web: "v2", api: "v2" }, dependsOn });
    await fleet.untilFinished();
    await goBack();
    const { rollout } = await fleet.read();
    // What depends on others goes first.
    assert.deepEqual(rollout?.waves.map(({ service }) => service), ["api", "web"]);
    await fleet.untilFinished();
    await runs("v1");

    await fleet.startRollout({
      versions: { web: "v3", api: "v3" },
      dependsOn,
      policy: { health: { deadline: 4_000, interval: 50, successes: 1 } },
    });
    await fleet.until(
      "the second service is being switched",
      ({ services }) => services["api"]?.hosts[0]?.slot?.step === "checking",
    );
    await fleet.abort();
    await goBack();
    // The switch that is under way ends first: by going back itself.
    await fleet.untilFinished();
    await runs("v1");
  });
});

Deno.test("rollcall rollout rollback: takes back what is finished, shows it until its end, and is told in both histories", async () => {
  await TestFleet.run({ hosts: ["web-1", "web-2"] }, async (fleet) => {
    const zookeeper = ["--zookeeper", fleet.connectString];
    await fleet.install("v1");
    await fleet.publish("v2");
    const id = await fleet.startRollout({ versions: { web: "v2" } });
    await fleet.untilFinished();
    const back = await rollcall(
      ...["rollout", "rollback", "--reason", "too slow", "--timeout", "50s", ...zookeeper],
    );
    assert.equal(back.status, 0, back.stderr);
    const [first = ""] = back.stdout.split("\n");
    const [, own = ""] = /^Rollback (\S+), by /.exec(first) ?? [];
    assert.ok(first.endsWith(`: takes ${id} back, web v2 -> v1.`), first);
    assert.match(back.stdout, new RegExp(`rollout ${own}: finished\n`));
    await fleet.untilServing("v1");
    const history = await rollcall("rollout", "history", id, ...zookeeper);
    assert.match(history.stdout, new RegExp(`\n {2}rolled back by ${own}: too slow\n`));
    assert.match(history.stdout, / {2}rollback by \S+\n +too slow$/m);
    const list = await rollcall("rollout", "history", ...zookeeper);
    assert.match(list.stdout, new RegExp(`^${own} .*\n.* web v2 → v1\n {2}rolls back ${id}\n`));
    // Once more there is nothing to take back.
    const again = await rollcall("rollout", "rollback", ...zookeeper);
    assert.deepEqual([again.status, again.stdout], [1, ""]);
    assert.match(again.stderr, /is itself the rollback of .*; roll out the version that/);
  });
});
