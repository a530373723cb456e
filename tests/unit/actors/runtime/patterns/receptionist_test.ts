import assert from "node:assert/strict";
import {
  ActorError,
  type Listing,
  Receptionist,
  serviceKey,
  spawnProbe,
} from "../../../../../actors/runtime/mod.ts";
import { recorder, withSystem } from "../fixture.ts";

const NUMBERS = serviceKey<number>("numbers");

Deno.test("G30: actors are found under their key, in order, until they end", () =>
  withSystem(async ({ system, clock }) => {
    const receptionist = new Receptionist();
    const refs = ["a", "b"].map((name) => system.spawn(name, recorder<number>([])));
    for (const ref of [...refs, ...refs]) receptionist.register(NUMBERS, ref);
    assert.deepEqual(receptionist.find(NUMBERS), refs);
    assert.deepEqual(receptionist.find(serviceKey<number>("numbers")), [], "another key");
    const [a, b] = refs;
    assert.ok(a && b);
    system.stopActor(a);
    await clock.settle();
    assert.deepEqual(receptionist.find(NUMBERS), [b]);
    receptionist.register(NUMBERS, a);
    assert.deepEqual(receptionist.find(NUMBERS), [b], "one that has ended");
    receptionist.unregister(NUMBERS, b);
    assert.equal(receptionist.findOne(NUMBERS), undefined);
  }));

Deno.test("G30: a name has one holder, and is free when that has ended", () =>
  withSystem(async ({ system, clock }) => {
    const receptionist = new Receptionist();
    const a = system.spawn("a", recorder<number>([]));
    const b = system.spawn("b", recorder<number>([]));
    receptionist.registerName(NUMBERS, a);
    receptionist.registerName(NUMBERS, a);
    assert.throws(
      () => receptionist.registerName(NUMBERS, b),
      (error) => error instanceof ActorError && error.code === "name_taken",
    );
    system.stopActor(a);
    await clock.settle();
    receptionist.registerName(NUMBERS, b);
    assert.equal(receptionist.findOne(NUMBERS), b);
  }));

Deno.test("G30: a subscriber gets the listing at once and at each change", () =>
  withSystem(async ({ system, clock, deadLetters }) => {
    const receptionist = new Receptionist();
    const probe = spawnProbe<Listing<number>>(system);
    receptionist.subscribe(NUMBERS, probe.ref);
    const a = system.spawn("a", recorder<number>([]));
    receptionist.register(NUMBERS, a);
    system.stopActor(a);
    await clock.settle();
    assert.deepEqual(probe.messages.map(({ refs }) => refs), [[], [a], []]);
    system.stopActor(probe.ref);
    await clock.settle();
    receptionist.register(NUMBERS, system.spawn("b", recorder<number>([])));
    assert.deepEqual(deadLetters, [], "one that has ended is no subscriber");
  }));

Deno.test("G30: what cannot be watched cannot be registered", () => {
  const receptionist = new Receptionist();
  assert.throws(
    () => receptionist.register(NUMBERS, { path: "foreign", tell: () => "accepted" }),
    (error) => error instanceof ActorError && error.code === "not_watchable",
  );
});
