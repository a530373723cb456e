import assert from "node:assert/strict";
import { removedActor } from "../../../../actors/removed/removed.ts";
import { ActorSystem, VirtualClock } from "../../../../actors/runtime/mod.ts";
import type { RemovedService } from "../../../../host/mod.ts";

/** What is logged and ended within two hours. */
async function run(stopAfterMs: number | undefined, running: RemovedService[]) {
  const clock = new VirtualClock();
  const logged: string[] = [];
  const log = (text: string, properties: Record<string, unknown> = {}) =>
    void logged.push(text.replaceAll(/\{(\w+)\}/g, (_, name) => String(properties[name])));
  const system = ActorSystem.create({
    name: "test",
    clock,
    log: { debug() {}, info: log, warn: log, error: log },
  });
  const ended: [service: string, afterMs: number][] = [];
  const startedMs = clock.nowMs();
  system.spawn(
    "removed",
    removedActor({
      host: "web-3",
      stopAfterMs,
      find: () => running,
      end(service) {
        ended.push([service, clock.nowMs() - startedMs]);
        if (service === "stuck") return Promise.reject(new Error("it hangs"));
        running.splice(running.findIndex((each) => each.service === service), 1);
        return Promise.resolve();
      },
    }),
  );
  await clock.advance(2 * 3_600_000);
  await system.stop();
  return { logged, ended };
}

const db: RemovedService = { service: "db", running: { version: "v3", pid: 12 }, locked: ["v3"] };
const stuck: RemovedService = { service: "stuck", running: null, locked: ["v1", "v2"] };

Deno.test("removed: a service that the config has no more is named once, with the way out, and left alone", async () => {
  const { logged, ended } = await run(undefined, [db]);
  assert.deepEqual(ended, []);
  assert.deepEqual(logged, [
    "db is not in the config any more, and runs on unwatched (v3, pid 12; locked: v3); put it back, or set " +
    "stopRemovedAfter to have it ended; if it does not come back: rollcall hosts forget web-3 --service db",
  ]);
});

Deno.test("removed: ends it after as long as the config says", async () => {
  const { logged, ended } = await run(3_600_000, [stuck, db]);
  assert.deepEqual(ended, [["stuck", 3_600_000], ["db", 3_600_000]]);
  assert.match(
    logged[0] ?? "",
    /unwatched \(locked: v1, v2\); it is ended in 3600 s, unless it is put back/,
  );
  assert.deepEqual(logged.slice(2).toSorted(), [
    "db: ended, since the config does not have it any more",
    "stuck: not ended: Error: it hangs",
  ]);
  assert.deepEqual(await run(3_600_000, []), { logged: [], ended: [] });
});
