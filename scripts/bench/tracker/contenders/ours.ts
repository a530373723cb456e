/** Our tracker as `rollcall tracker` runs it, for the benchmark: the port is the only argument. */

import { silentLog } from "../../../../base/log.ts";
import { createTracker } from "../../../../tracker/mod.ts";

const log = silentLog;
await createTracker({ hostname: "127.0.0.1", port: Number(Deno.args[0]), log });
Deno.stdout.writeSync(new TextEncoder().encode("listening\n"));
