// Differential fuzzing at any length: deno run -A tests/fuzz/zookeeper/main.ts --seed N --count N
import { parseArgs } from "node:util";
import { Coordinator } from "../../../zookeeper/server/mod.ts";
import { startRealZooKeeper } from "../../real_zookeeper.ts";
import { compareServers } from "./differential.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: `${Date.now() % 2 ** 31}` },
    count: { type: "string", default: "20000" },
  },
});
const firstSeed = Number(values.seed);
const count = Number(values.count);
const coordinator = await Coordinator.listen({ tickTimeMs: 500 });
const real = await startRealZooKeeper();
const say = (text: string) => Deno.stdout.write(new TextEncoder().encode(`${text}\n`));
await say(`${count} sequences from seed ${firstSeed} on`);
try {
  const startedMs = performance.now();
  await compareServers(
    { coordinator: coordinator.port, real: real.port },
    { firstSeed, count },
  );
  await say(`no difference; ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
} catch (error) {
  await say(error instanceof Error ? error.message : String(error));
  Deno.exitCode = 1;
} finally {
  await coordinator.close();
  await real.stop();
}
