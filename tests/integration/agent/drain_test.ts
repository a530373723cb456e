/** Draining a host and having it put back, by the command line, to real agents whose services answer requests. */

import assert from "node:assert/strict";
import { rollcall } from "../cli/rollcall_process.ts";
import { TestFleet } from "./harness/fleet.ts";

const HOSTS = ["web-1", "web-2", "web-3"];

/** Hooks that write down that they were run: a line for each. */
function hooksOf(folder: string) {
  const write = (hook: string) => ["sh", "-c", `echo ${hook} {version} >> ${folder}/{host}`];
  return { drain: write("drain"), undrain: write("undrain") };
}

Deno.test("hosts drain: within the budget, over restarts of agent and service and a rollout, until hosts undrain", async () => {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-drain-" });
  try {
    await TestFleet.run({ hosts: HOSTS, serviceKeys: hooksOf(folder) }, async (fleet) => {
      const hooks = async (host: string) =>
        (await Deno.readTextFile(`${folder}/${host}`).catch(() => "")).trimEnd().split("\n");
      const said = async (...args: string[]) => {
        const { status, stdout, stderr } = await rollcall(
          ...["hosts", ...args, "--zookeeper", fleet.connectString],
        );
        return [status, (stdout + stderr).replaceAll(/\S+@[^\s:.,]+/g, "ann")] as const;
      };
      await fleet.install("v1", { maxUnavailable: 1 });
      await Deno.remove(`${folder}/web-2`).catch(() => {});
      // Every service is asked all the time.
      const silences = (host: string) => fleet.observer.silences.get(`${host}/web`) ?? 0;
      const before = HOSTS.map(silences);

      assert.deepEqual(await said("drain", "web-2", "--reason", "disk"), [
        0,
        "Drained web-2 for web, by ann: disk. It counts as away until rollcall hosts undrain web-2.\n" +
        "web: its drain hook has run; the service runs on.\n",
      ]);
      assert.deepEqual(await hooks("web-2"), ["drain v1"]);
      assert.equal((await fleet.service("web-2"))?.version, "v1");
      const [refused, why] = await said("drain", "web-3");
      assert.equal(refused, 1);
      assert.match(
        why,
        /beyond its budget: 1 of 1 down, web-2 is drained; wait .*--force.*nothing was/,
      );
      assert.match((await said("drain", "web-2"))[1], /drained for web already, by ann: disk/);

      // The next agent runs the hook again, and nobody counts on its host.
      await fleet.killAgent("web-2");
      await fleet.startAgent("web-2");
      await fleet.until("the hook was run again", async () => (await hooks("web-2")).length === 2);
      assert.match((await said("drain", "web-3"))[1], /web-2 is drained/);

      assert.deepEqual(HOSTS.map(silences), before, "nobody lacks an answer by any of that");

      // It switches beyond the budget, and is not put back by that. The others wait for it.
      await fleet.publish("v2");
      await fleet.startRollout({ versions: { web: "v2" } });
      await fleet.untilServing("v2", ["web-2"]);
      await fleet.until(
        "the hook was run for what was started",
        async () => (await hooks("web-2")).at(-1) === "drain v2",
      );
      assert.ok(!(await hooks("web-2")).some((line) => line.startsWith("undrain")));
      await fleet.until(
        "the next one waits for the drained one",
        ({ services }) =>
          services["web"]?.hosts.some(({ waitingFor }) =>
            waitingFor === "budget: 1 of 1 down, web-2 is drained"
          ) === true,
      );
      await fleet.untilServing("v1", ["web-1", "web-3"]);
      assert.deepEqual([silences("web-1"), silences("web-3")], [before[0], before[2]]);

      assert.deepEqual(await said("undrain", "web-2"), [
        0,
        "web-2 is to be put back for web, by ann.\n" +
        "web: it is put back, and counted on when it serves.\n",
      ]);
      assert.equal((await hooks("web-2")).at(-1), "undrain v2");
      await fleet.untilFinished();
      await fleet.untilServing("v2", HOSTS);
      assert.match(
        (await said("undrain", "web-2"))[1],
        /web-2 is not drained for web; nothing was/,
      );
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("hosts drain: a host that is forgotten while its agent is away is put back when that joins again", async () => {
  // Regression: the word was gone, so the next agent counted its host as serving, and nobody sent it work.
  const folder = await Deno.makeTempDir({ prefix: "rollcall-drain-" });
  try {
    await TestFleet.run(
      { hosts: ["web-1", "web-2"], serviceKeys: hooksOf(folder) },
      async (fleet) => {
        const hooks = async () =>
          (await Deno.readTextFile(`${folder}/web-2`)).trimEnd().split("\n");
        const done = async (...args: string[]) => {
          const { status, stdout, stderr } = await rollcall(
            ...["hosts", ...args, "--zookeeper", fleet.connectString],
          );
          assert.equal(status, 0, stdout + stderr);
        };
        await fleet.install("v1", { maxUnavailable: 1 });
        // Which the start has run, before its bake time.
        assert.deepEqual(await hooks(), ["undrain v1"]);
        await done("drain", "web-2");
        await fleet.killAgent("web-2");
        await fleet.untilOffline(["web-2"]);
        await done("forget", "web-2");
        await fleet.startAgent("web-2");
        await fleet.untilHost("web-2", "counts", ({ newcomer, state }) => {
          return newcomer === false && state === "serving";
        });
        assert.deepEqual(await hooks(), ["undrain v1", "drain v1", "undrain v1"]);
        // The next agent finds the host on the roster.
        await fleet.killAgent("web-2");
        await fleet.untilOffline(["web-2"]);
        await fleet.startAgent("web-2");
        await fleet.untilServing("v1");
        assert.equal((await hooks()).length, 3);
      },
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("hosts drain: a host that is offline, and a hook that fails, do not lose the order", async () => {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-drain-" });
  const mended = `${folder}/mended`;
  const drain = ["sh", "-c", `test -e ${mended} || { echo no such balancer; exit 3; }`];
  const keys = { ...hooksOf(folder), drain };
  try {
    await TestFleet.run({ hosts: ["web-1", "web-2"], serviceKeys: keys }, async (fleet) => {
      const said = async (...args: string[]) => {
        const { status, stdout, stderr } = await rollcall(
          ...["hosts", ...args, "--zookeeper", fleet.connectString],
        );
        return [status, stdout + stderr] as const;
      };
      await fleet.install("v1", { maxUnavailable: 1 });
      const [failed, why] = await said("drain", "web-1");
      assert.equal(failed, 1);
      assert.match(
        why,
        /rollcall: web-1: web: the drain hook failed: .*no such balancer.*; tried again after 1 min; it counts as away, and may still be sent work\n$/,
      );
      assert.match(
        (await said("list"))[1],
        /web-1 .* serving +drained by .*; the drain hook failed/,
      );
      assert.match((await said("drain", "web-2"))[1], /web-1 is drained/);
      // Mended, and said again: it is tried at once.
      await Deno.writeTextFile(mended, "");
      assert.match((await said("drain", "web-1"))[1], /\nweb: its drain hook has run; the service/);
      await Deno.remove(mended);
      assert.equal((await said("undrain", "web-1"))[0], 0);

      await fleet.killAgent("web-2");
      await fleet.untilOffline(["web-2"]);
      assert.match((await said("drain", "web-2"))[1], /\nweb: its agent is offline, and runs/);
      assert.match(
        (await said("undrain", "web-2"))[1],
        /\nweb: its agent is offline, and puts it back/,
      );
      await fleet.startAgent("web-2");
      await fleet.untilHost("web-2", "is put back", ({ drained }) => drained === null);
      assert.match(await Deno.readTextFile(`${folder}/web-2`), /undrain v1\n/);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
