// Differential fuzzing at any length.
import { reasonOf } from "../../../base/reason.ts";
import { countingNumber, newCommand, wholeNumber } from "../../../scripts/command_line.ts";
import { Coordinator } from "../../../zookeeper/server/mod.ts";
import { startRealZooKeeper } from "../../real_zookeeper.ts";
import { compareServers } from "./differential.ts";

const { seed: firstSeed, count } = newCommand(
  "tests/fuzz/zookeeper/main.ts",
  "The same random requests to the embedded coordinator and to a real server, answers compared",
)
  .option(
    "--seed <n>",
    "the first seed; the default is another one each time",
    wholeNumber,
    newSeed(),
  )
  .option("--count <n>", "sequences of requests", countingNumber, 20_000)
  .parse(Deno.args, { from: "user" }).opts();
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
  await say(reasonOf(error));
  Deno.exitCode = 1;
} finally {
  await coordinator.close();
  await real.stop();
}

function newSeed(): number {
  return Date.now() % 1_000_000_000;
}
