/** Waves with gates between them, and services that go at the same time, with real agents. */

import assert from "node:assert/strict";
import { promote } from "../../../coordination/mod.ts";
import { TestFleet } from "./harness/fleet.ts";

/** A page of the operator's that answers as it is told. */
function servePage() {
  const page = { status: 503, askedCount: 0 };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    page.askedCount++;
    return new Response("", { status: page.status });
  });
  return { page, url: `http://127.0.0.1:${server.addr.port}/ok`, close: () => server.shutdown() };
}

Deno.test("waves: a canary, a person's word, a share, a page that has to be well, and then all", async () => {
  const { page, url, close } = servePage();
  try {
    await TestFleet.run({ hosts: ["web-1", "web-2", "web-3", "web-4"] }, async (fleet) => {
      await fleet.install("v1");
      await fleet.observer.forget();
      await fleet.publish("v2");
      await fleet.startRollout({
        versions: { web: "v2" },
        waves: {
          web: [
            1,
            { gate: "promote" },
            "50%",
            { gate: { url, for: 300, within: 60_000, every: 50 } },
            "100%",
          ],
        },
      });
      await fleet.untilHost(
        "web-2",
        "waits for a person",
        ({ waitingFor }) =>
          waitingFor?.startsWith("gate: waits for `rollcall rollout promote`, since ") === true,
      );
      assert.deepEqual(fleet.observer.admissions, ["web/web-1"]);
      const { queue } = await fleet.read();
      assert.deepEqual(queue.map(({ isNext }) => isNext), [true, false]);

      await promote(fleet.zookeeper, { by: "ann", nowMs: 7 });
      const words = `gate: waits for check ${url} to hold for 300ms, since `;
      await fleet.until(
        "the first one waits for the page",
        ({ services }) =>
          services["web"]?.hosts.some(({ waitingFor }) => waitingFor?.startsWith(words)) === true,
      );
      await fleet.until("the page is asked", () => page.askedCount > 3);
      assert.deepEqual(fleet.observer.admissions, ["web/web-1", "web/web-2"]);

      page.status = 200;
      await fleet.untilFinished();
      await fleet.untilServing("v2");
      const { rollout } = await fleet.read();
      const opened = rollout?.waves.map(({ gate }) => gate?.opened);
      assert.equal(opened?.[0], undefined);
      assert.deepEqual(opened?.[1], { by: "ann", atMs: 7, how: "promoted" });
      assert.equal(opened?.[2]?.how, `check ${url} has held for 300ms`);
    });
  } finally {
    await close();
  }
});

Deno.test("waves: a check of the config that does not hold halts with its last words, and a person may go on", async () => {
  const checks = { errors: { type: "exec", argv: ["sh", "-c", "echo '4.2 % fail'; exit 1"] } };
  await TestFleet.run({ hosts: ["web-1", "web-2"], agentKeys: { checks } }, async (fleet) => {
    await fleet.install("v1");
    await fleet.observer.forget();
    await fleet.publish("v2");
    await fleet.startRollout({
      versions: { web: "v2" },
      waves: { web: [1, { gate: { check: "errors", for: 100, within: 500, every: 50 } }, "all"] },
    });
    const { control } = await fleet.until(
      "it is halted",
      (seen) => seen.control?.state === "halted",
    );
    assert.match(
      control?.reason ?? "",
      /^gate before web v2: check errors has not held for 100ms within 500ms: command .*: 4\.2 % fail$/,
    );
    assert.deepEqual(fleet.observer.admissions, ["web/web-1"]);
    await promote(fleet.zookeeper, { service: "web", by: "ann", nowMs: 0 });
    await fleet.resume();
    await fleet.untilFinished();
    await fleet.untilServing("v2");
  });
});

Deno.test("waves: in a parallel rollout a service that waits at its gate does not hold up one that has nothing to do with it", async () => {
  const services = ["A", "B", "C"];
  await TestFleet.run({ hosts: ["web-1", "web-2"], services }, async (fleet) => {
    const everything = { A: "v1", B: "v1", C: "v1" };
    for (const service of services) await fleet.publish("v1", { kind: "healthy" }, { service });
    await fleet.startRollout({
      versions: everything,
      dependsOn: { B: ["A"] },
      waves: { A: [{ gate: "promote" }, "all"] },
      parallel: true,
    });
    await fleet.until("C is committed", (seen) => seen.services["C"]?.committed === "v1");
    const { queue } = await fleet.read();
    assert.deepEqual(queue.map(({ service, isNext }) => [service, isNext]), [
      ["A", true],
      ["B", false],
    ]);
    await promote(fleet.zookeeper, { by: "ann", nowMs: 0 });
    await fleet.untilFinished();
    const admitted = fleet.observer.admissions.map((slot) => slot.slice(0, 1));
    assert.deepEqual(admitted, ["C", "C", "A", "A", "B", "B"]);
  });
});
