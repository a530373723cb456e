// The embedded coordinator in a process of its own. Usage: coordinator_process.ts FOLDER; prints its port.
import { Coordinator } from "../../../zookeeper/server/mod.ts";

const coordinator = await Coordinator.listen({ dataDir: Deno.args[0] });
Deno.stdout.writeSync(new TextEncoder().encode(`${coordinator.port}\n`));
await coordinator.finished;
