import assert from "node:assert/strict";
import { ActorError, spawnProbe, Topic } from "../../../../../actors/runtime/mod.ts";
import { recorder, withSystem } from "../fixture.ts";

Deno.test("G25: a topic passes each message to every subscriber once, in order", () =>
  withSystem(async ({ system, clock }) => {
    const topic = new Topic<number>("numbers");
    const probes = ["a", "b"].map((name) => spawnProbe<number>(system, name));
    for (const { ref } of [...probes, ...probes]) topic.subscribe(ref);
    assert.deepEqual(topic.publish(1), { accepted: 2, overflowed: 0 });
    topic.publish(2);
    await clock.settle();
    for (const { messages } of probes) assert.deepEqual(messages, [1, 2]);
    const [first] = probes;
    assert.ok(first);
    topic.unsubscribe(first.ref);
    assert.equal(topic.publish(3).accepted, 1);
  }));

Deno.test("G25: publish reports full mailboxes and does not hold up the others", () =>
  withSystem(({ system, deadLetters }) => {
    const topic = new Topic<string>("topic");
    topic.subscribe(system.spawn("full", recorder<string>([], { mailbox: { capacity: 1 } })));
    topic.subscribe(spawnProbe<string>(system).ref);
    topic.publish("one");
    assert.deepEqual(topic.publish("two"), { accepted: 1, overflowed: 1 });
    assert.deepEqual(deadLetters.map(({ message }) => message), ["two"]);
  }));

Deno.test("G25: a topic drops subscribers that have ended, without a message", () =>
  withSystem(async ({ system, clock, deadLetters }) => {
    const topic = new Topic<string>("topic");
    const actor = system.spawn("actor", recorder<string>([]));
    topic.subscribe(actor);
    system.stopActor(actor);
    await clock.settle();
    assert.equal(topic.subscriberCount, 0);
    topic.subscribe(actor);
    assert.equal(topic.subscriberCount, 0);
    topic.publish("any");
    assert.deepEqual(deadLetters, []);
  }));

Deno.test("Topic with replayLast tells a new subscriber how things stand", () =>
  withSystem(async ({ system, clock }) => {
    const topic = new Topic<string>("topic", { replayLast: true });
    topic.publish("old");
    topic.publish("last");
    const probe = spawnProbe<string>(system);
    topic.subscribe(probe.ref);
    await clock.settle();
    assert.deepEqual(probe.messages, ["last"]);
  }));

Deno.test("Topic refuses more subscribers than it may have", () =>
  withSystem(({ system }) => {
    const topic = new Topic<string>("topic", { maxSubscribers: 1 });
    topic.subscribe(spawnProbe<string>(system, "a").ref);
    assert.throws(() => topic.subscribe(spawnProbe<string>(system, "b").ref), ActorError);
  }));
