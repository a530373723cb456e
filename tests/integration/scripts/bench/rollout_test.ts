/** The contenders of bench:rollout, with a small fleet each, on the embedded server. */

import assert from "node:assert/strict";
import { kazoo } from "../../../../scripts/bench/rollout/contenders/kazoo.ts";
import { ours } from "../../../../scripts/bench/rollout/contenders/ours.ts";
import { DidNotComplete } from "../../../../scripts/bench/rollout/did_not_complete.ts";
import { measure, type MeasureOptions } from "../../../../scripts/bench/rollout/measure.ts";
import { RealSetting } from "../../../../scripts/bench/rollout/real_setting.ts";
import { Coordinator } from "../../../../zookeeper/server/mod.ts";

const OPTIONS: MeasureOptions = {
  hostCount: 3,
  settleMs: 100,
  idleMs: () => 0,
  limitMs: () => 60_000,
};

for (const contender of [ours, kazoo]) {
  Deno.test(`bench:rollout: ${contender.name} takes one host after the other`, async () => {
    await using server = await open();
    await using setting = await RealSetting.open(contender, server);
    const { rollout, handoversMs } = await measure(contender, setting, OPTIONS);
    assert.equal(handoversMs.length, OPTIONS.hostCount - 1);
    assert.ok(handoversMs.every((ms) => ms > 0), `${handoversMs}`);
    assert.ok(rollout.operations >= OPTIONS.hostCount, `${rollout.operations}`);
  });
}

Deno.test("bench:rollout: hosts whose process ends did not complete, and say why", async () => {
  await using server = await open();
  const broken = { ...ours, command: () => ["sh", "-c", "echo out of luck >&2; exit 1"] };
  await using setting = await RealSetting.open(broken, server);
  await assert.rejects(
    measure(
      { ...broken, isRegistered: () => Promise.resolve(true), install: async () => {} },
      setting,
      OPTIONS,
    ),
    (error) => error instanceof DidNotComplete && /0 of 1 .* out of luck/.test(error.message),
  );
});

async function open() {
  const server = await Coordinator.listen();
  return {
    serverPort: server.port,
    chroot: "/bench",
    [Symbol.asyncDispose]: () => server.close(),
  };
}
