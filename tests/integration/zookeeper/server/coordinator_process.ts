// A coordinator in a process of its own, for tests that kill it. Prints its port, then serves until
// it is ended. Usage: coordinator_process.ts FOLDER PORT
import { Coordinator } from "../../../../zookeeper/server/mod.ts";

const [dataDir, port] = Deno.args;
const coordinator = await Coordinator.listen({
  dataDir,
  port: Number(port ?? 0),
  tickTimeMs: 500,
});
await Deno.stdout.write(new TextEncoder().encode(`${coordinator.port}\n`));
await coordinator.finished;
