/** What a rollout costs at ZooKeeper, counted frame by frame in virtual time, so that it is the same in every run. */

import assert from "node:assert/strict";
import { ours } from "../../../scripts/bench/rollout/contenders/ours.ts";
import { measure } from "../../../scripts/bench/rollout/measure.ts";
import { SimulatedSetting } from "../../../scripts/bench/rollout/simulated_setting.ts";

/** Most requests and notifications of a host in a rollout. Two of the requests look how far its waves have come. */
const REQUESTS_MAX = 17;
const NOTIFICATIONS_MAX = 8;

/** How much more a host of the larger fleet may cost than one of the smaller: the names of the queue are read once. */
const GROWTH_MAX = 1.2;

/** Most real time of one run, in ms. */
const REAL_LIMIT_MS = 120_000;

async function perHost(hostCount: number) {
  const setting = new SimulatedSetting();
  const options = {
    hostCount,
    settleMs: 3_000,
    idleMs: () => 60_000,
    limitMs: () => Number.POSITIVE_INFINITY,
  };
  const { rollout, idle } = await setting.run(
    () => measure(ours, setting, options),
    { realLimitMs: REAL_LIMIT_MS },
  );
  return {
    requests: rollout.requests / hostCount,
    notifications: rollout.notifications / hostCount,
    bytes: (rollout.requestBytes + rollout.replyBytes) / hostCount,
    idleRequests: idle.requests / hostCount,
  };
}

Deno.test("cost: of a rollout and an idle minute, per host, whatever the number of hosts", async () => {
  const [small, large] = [await perHost(20), await perHost(100)];
  for (const one of [small, large]) {
    assert.ok(one.requests <= REQUESTS_MAX, `${one.requests} requests per host`);
    assert.ok(one.notifications <= NOTIFICATIONS_MAX, `${one.notifications} notifications`);
    assert.ok(one.idleRequests <= 2, `${one.idleRequests} requests of an idle host in a minute`);
  }
  assert.ok(large.requests <= small.requests * GROWTH_MAX, `${small.requests}, ${large.requests}`);
  assert.ok(large.bytes <= small.bytes * GROWTH_MAX, `${small.bytes}, ${large.bytes} bytes`);
});
