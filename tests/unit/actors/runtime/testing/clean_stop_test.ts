import assert from "node:assert/strict";
import { exploreInterleavings, stopCleanly } from "../../../../../actors/runtime/testing/mod.ts";
import { recorder } from "../fixture.ts";

Deno.test("stopCleanly says what is left", async () => {
  await exploreInterleavings(async ({ system, clock }) => {
    system.spawn("prompt", recorder<string>([]));
    await stopCleanly({ system, clock });
  }, { runs: 1 });
  await exploreInterleavings(async ({ system, clock }) => {
    system.spawn("stuck", recorder<string>([], { onStop: () => new Promise(() => {}) }));
    clock.after(10_000_000, () => {});
    await assert.rejects(stopCleanly({ system, clock }), /0 actors, 1 abandoned clean-ups and 1 t/);
  }, { runs: 1 });
});
