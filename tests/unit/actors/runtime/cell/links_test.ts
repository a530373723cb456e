import assert from "node:assert/strict";
import {
  type ActorContext,
  ActorError,
  type ActorRef,
  type StopReason,
  supervisor,
} from "../../../../../actors/runtime/mod.ts";
import { recorder, withSystem } from "../fixture.ts";

type Message = "crash" | "stop" | {
  readonly link?: ActorRef<Message>;
  readonly unlink?: ActorRef<Message>;
};

/** Links as it is told, and keeps why it ended. */
function linking(ends: string[]) {
  return recorder<Message>([], {
    receive(state: number, message: Message, context: ActorContext<Message>): number {
      if (message === "crash") throw new Error("crash");
      if (message === "stop") context.stopSelf();
      else if (message.link !== undefined) context.link(message.link);
      else if (message.unlink !== undefined) context.unlink(message.unlink);
      return state;
    },
    onStop(_state, context, reason: StopReason) {
      const error = reason.kind === "failed" ? reason.error : undefined;
      ends.push(`${context.path} ${error instanceof ActorError ? error.code : reason.kind}`);
    },
  });
}

Deno.test("G28: linked actors fail together, whichever of them asked for the link", () =>
  withSystem(async ({ system, clock }) => {
    for (const first of [0, 1]) {
      const ends: string[] = [];
      const refs = ["a", "b"].map((name) => system.spawn(name, linking(ends)));
      const [a, b] = refs;
      assert.ok(a && b);
      a.tell({ link: b });
      b.tell({ link: a });
      await clock.settle();
      refs[first]?.tell("crash");
      await clock.settle();
      const expected = ["/a failed", "/b linked_failed"];
      assert.deepEqual(ends, first === 0 ? expected : ["/b failed", "/a linked_failed"]);
    }
  }));

Deno.test("G28: an end that is no failure, or comes after unlink, passes nothing on", () =>
  withSystem(async ({ system, clock }) => {
    const ends: string[] = [];
    const [a, b, c] = ["a", "b", "c"].map((name) => system.spawn(name, linking(ends)));
    assert.ok(a && b && c);
    a.tell({ link: b });
    a.tell({ link: c });
    a.tell({ unlink: c });
    await clock.settle();
    b.tell("stop");
    c.tell("crash");
    await clock.settle();
    assert.deepEqual(ends, ["/b normal", "/c failed"]);
    a.tell("crash");
    await clock.settle();
    assert.equal(ends.length, 3);
  }));

Deno.test("G28: a link to an actor that has ended is a failure at once", () =>
  withSystem(async ({ system, clock }) => {
    const ends: string[] = [];
    const gone = system.spawn("gone", linking(ends));
    gone.tell("stop");
    await clock.settle();
    system.spawn("a", linking(ends)).tell({ link: gone });
    await clock.settle();
    assert.deepEqual(ends, ["/gone normal", "/a linked_failed"]);
  }));

Deno.test("G28: a link is between incarnations: a restarted actor is linked to nobody", () =>
  withSystem(async ({ system, clock }) => {
    const ends: string[] = [];
    const refs: ActorRef<Message>[] = [];
    system.spawn(
      "supervisor",
      supervisor({
        children(scope) {
          for (const name of ["a", "b"]) refs.push(scope.child(name, linking(ends)));
        },
      }),
    );
    const [a, b] = refs;
    assert.ok(a && b);
    a.tell({ link: b });
    await clock.settle();
    b.tell("crash");
    await clock.advance(1_000);
    assert.equal(system.counters.restarts, 2);
    a.tell("crash");
    await clock.advance(1_000);
    assert.equal(system.counters.restarts, 3);
    assert.deepEqual(ends, [
      "/supervisor/b failed",
      "/supervisor/a linked_failed",
      "/supervisor/a failed",
    ]);
  }));
