/** Our tracker as `rollcall tracker` runs it, for the benchmark: the port is the only argument. */

import { createTracker } from "../../../../tracker/mod.ts";

const log = { debug() {}, info() {}, warn() {} };
await createTracker({ hostname: "127.0.0.1", port: Number(Deno.args[0]), log });
Deno.stdout.writeSync(new TextEncoder().encode("listening\n"));
