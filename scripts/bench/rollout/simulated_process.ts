/**
 * A rollout in the simulated setting, in a process of its own: a large fleet needs more memory than the benchmark has, and
 * leaves all of it behind. Prints the outcome as JSON, or `{"failure":"…"}`.
 *
 * simulated_process.ts HOST_COUNT SETTLE_MS IDLE_MS REAL_LIMIT_MS
 *
 * @module
 */

import { ours } from "./contenders/ours.ts";
import { DidNotComplete } from "./did_not_complete.ts";
import { measure } from "./measure.ts";
import { SimulatedSetting } from "./simulated_setting.ts";

const [hostCount = 0, settleMs = 0, idleMs = 0, realLimitMs = 0] = Deno.args.map(Number);
const setting = new SimulatedSetting();
const options = { hostCount, settleMs, idleMs: () => idleMs, limitMs: () => Infinity };
let said: unknown;
try {
  said = await setting.run(() => measure(ours, setting, options), { realLimitMs });
} catch (error) {
  if (!(error instanceof DidNotComplete)) throw error;
  said = { failure: error.message };
}
Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(said)}\n`));
// Its agents would go on.
Deno.exit();
