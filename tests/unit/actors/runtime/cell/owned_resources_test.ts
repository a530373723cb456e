import assert from "node:assert/strict";
import { type ActorRef, Topic } from "../../../../../actors/runtime/mod.ts";
import { recorder, withSystem } from "../fixture.ts";

Deno.test("G14: whatever an actor started ends with it", () =>
  withSystem(async ({ system, clock }) => {
    const aborted: string[] = [];
    const topic = new Topic<string>("topic");
    const silent = system.spawn("silent", recorder<{ replyTo: ActorRef<string> }>([]));
    const actor = system.spawn(
      "actor",
      recorder<string>([], {
        init(context) {
          context.signal.addEventListener("abort", () => aborted.push("incarnation"));
          context.timers.every("tick", 10, "tick");
          context.spawn("child", recorder<string>([]));
          topic.subscribe(context.adapt((message: string) => message));
          context.pipeToSelf((signal) =>
            new Promise<string>((_, reject) => {
              signal.addEventListener("abort", () => {
                aborted.push("task");
                reject(signal.reason);
              });
            }), { ok: String, error: String });
          const asking = { timeoutMs: 1_000, ok: String, error: String };
          context.ask(silent, (replyTo) => ({ replyTo }), asking);
          return 0;
        },
      }),
    );
    await clock.advance(25);
    assert.equal(topic.subscriberCount, 1);
    assert.ok(clock.scheduledCount > 0);
    system.stopActor(actor);
    await clock.settle();
    assert.deepEqual(aborted.sort(), ["incarnation", "task"]);
    assert.equal(clock.scheduledCount, 0);
    assert.equal(topic.subscriberCount, 0);
    assert.equal(system.counters.actors, 1);
  }));
