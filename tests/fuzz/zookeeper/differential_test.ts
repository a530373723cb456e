// The embedded coordinator against real ZooKeeper, request by request, on random sequences.
import { Coordinator } from "../../../zookeeper/server/mod.ts";
import { startRealZooKeeper } from "../../real_zookeeper.ts";
import { compareServers } from "./differential.ts";

/** Sequences with fixed seeds, so that a failure repeats until it is fixed; then some with new seeds in each run. */
const fixedCount = 1_500;
const freshCount = 1_500;

Deno.test("Coordinator: clients cannot tell it from real ZooKeeper by random sequences of requests", async () => {
  const coordinator = await Coordinator.listen({ tickTimeMs: 500 });
  const real = await startRealZooKeeper();
  const ports = { coordinator: coordinator.port, real: real.port };
  try {
    await compareServers(ports, { firstSeed: 1, count: fixedCount });
    const firstSeed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
    await compareServers(ports, { firstSeed, count: freshCount });
  } finally {
    await coordinator.close();
    await real.stop();
  }
});
