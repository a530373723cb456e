import assert from "node:assert/strict";
import { watchDeadLetters } from "../../../../../actors/runtime/testing/mod.ts";
import { recorder, withSystem } from "../fixture.ts";

Deno.test("watchDeadLetters takes what is expected and complains of the rest", () =>
  withSystem(async ({ system, clock }) => {
    const watch = watchDeadLetters(system);
    watch.expectNoOthers();
    const actor = system.spawn(
      "actor",
      recorder<{ readonly type: string } | string>([], { mailbox: { capacity: 1 } }),
    );
    for (const message of ["a", { type: "late" }, "b"]) actor.tell(message);
    await clock.settle();
    assert.equal(watch.expect("overflow", "late").recipient, "/actor");
    assert.throws(() => watch.expect("stopped"), /expected stopped, there are 1: overflow/);
    assert.throws(() => watch.expectNoOthers(), /overflow for \/actor: b/);
    watch.expect("overflow");
    watch.expectNoOthers();
    watch.end();
    actor.tell("c");
    actor.tell("d");
    watch.expectNoOthers();
  }));
