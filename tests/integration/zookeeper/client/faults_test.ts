// A real ensemble of three that loses its leader, freezes, restarts, and is reached through connections
// that break in the middle: the clients' account must be right after each.
import assert from "node:assert/strict";
import { type RealEnsemble, startRealEnsemble } from "../../../real_zookeeper.ts";
import { FaultWorkload } from "./fault_workload.ts";
import { until } from "../servers.ts";
import { FaultyProxy } from "../../../../zookeeper/testing/mod.ts";

interface FaultContext {
  ensemble: RealEnsemble;
  workload: FaultWorkload;
  /** One before each server. */
  proxies: FaultyProxy[];
}

function delay(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

/** Runs a fault with clients at work. */
function faultTest(name: string, fault: (context: FaultContext) => Promise<void>): void {
  Deno.test(`ZooKeeper: ${name}: no lost watch, no double create, no ghost`, async () => {
    const ensemble = await startRealEnsemble();
    const proxies = ensemble.servers.map((server) => new FaultyProxy(server.port));
    const workload = new FaultWorkload(
      proxies.map((proxy) => proxy.connectString).join(","),
      { direct: ensemble.connectString, root: "/fault" },
    );
    try {
      await workload.start();
      await fault({ ensemble, workload, proxies });
      await workload.finish();
    } finally {
      for (const proxy of proxies) await proxy.close();
      await ensemble.stop();
    }
  });
}

faultTest("the leader is killed", async ({ ensemble, workload }) => {
  const leader = await ensemble.leader();
  await leader.halt("SIGKILL");
  await workload.recovered();
  await leader.restart();
  await workload.recovered();
});

faultTest(
  "a follower stands still for longer than a session",
  async ({ ensemble, workload, proxies }) => {
    const index = proxies.findIndex((proxy) => proxy.connectString === workload.ownerServer);
    const server = ensemble.servers[index];
    if (server === undefined) throw new Error("the owner is not connected");
    server.freeze();
    try {
      await delay(6_000);
      await workload.recovered();
    } finally {
      server.thaw();
    }
    await workload.recovered();
    await until("it follows again", async () => await server.mode() !== "none");
  },
);

faultTest(
  "connections are cut after the first bytes of a request",
  async ({ workload, proxies }) => {
    for (let round = 0; round < 15; round++) {
      // Into the length, the header, the body.
      const sizeBytes = [1, 4, 9, 40][round % 4] ?? 1;
      await Promise.race(proxies.map((proxy) => proxy.cutRequestAfter(sizeBytes)));
    }
    await workload.recovered();
  },
);

faultTest("replies are lost", async ({ workload, proxies }) => {
  for (let round = 0; round < 15; round++) {
    await Promise.race(proxies.map((proxy) => proxy.loseReply()));
  }
  await workload.recovered();
});

faultTest("connections are slow and drop", async ({ workload, proxies }) => {
  for (const [index, proxy] of proxies.entries()) proxy.delayMs = 5 * index;
  for (let round = 0; round < 12; round++) {
    await delay(70);
    const proxy = proxies[round % proxies.length];
    if (round % 4 === 3) proxy?.refuse();
    else proxy?.cut();
  }
  for (const proxy of proxies) {
    proxy.admit();
    proxy.delayMs = 0;
  }
  await workload.recovered();
});

faultTest("all servers restart", async ({ ensemble, workload }) => {
  await Promise.all(ensemble.servers.map((server) => server.halt("SIGKILL")));
  for (const server of ensemble.servers) server.launch();
  await Promise.all(ensemble.servers.map((server) => server.ready()));
  await workload.recovered();
});

faultTest("everything is away for longer than a session", async ({ workload, proxies }) => {
  for (const proxy of proxies) proxy.refuse();
  await delay(7_000);
  for (const proxy of proxies) proxy.admit();
  await workload.recovered();
  assert.equal(workload.expiries, 1);
});
