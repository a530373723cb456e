import assert from "node:assert/strict";
import { ActorError, spawnProbe, type StopReason } from "../../../../../actors/runtime/mod.ts";
import { recorder, withSystem } from "../fixture.ts";

Deno.test("G15: a watcher learns once of an actor's end, with the reason", () =>
  withSystem(async ({ system, clock }) => {
    const probe = spawnProbe(system);
    const crashing = system.spawn("crashing", recorder<string>([]));
    const stopped = system.spawn("stopped", recorder<string>([]));
    for (const ref of [crashing, crashing, stopped]) probe.watch(ref);
    await clock.settle();
    crashing.tell("crash");
    await clock.settle();
    system.stopActor(stopped);
    await clock.settle();
    const reasons = probe.signals.map((signal) => [
      signal.ref.path,
      signal.type === "terminated" ? signal.reason.kind : signal.type,
    ]);
    assert.deepEqual(reasons, [["/crashing", "failed"], ["/stopped", "shutdown"]]);
  }));

Deno.test("G15: watching an actor that has ended gives the signal at once", () =>
  withSystem(async ({ system, clock }) => {
    const gone = system.spawn("gone", recorder<string>([]));
    system.stopActor(gone);
    await clock.settle();
    const probe = spawnProbe(system);
    probe.watch(gone);
    await clock.settle();
    assert.equal(probe.signals.length, 1);
  }));

Deno.test("G15: after unwatch no signal comes, not even one that is waiting", () =>
  withSystem(async ({ system, clock }) => {
    const log: string[] = [];
    const gone = system.spawn("gone", recorder<string>([]));
    system.stopActor(gone);
    await clock.settle();
    const watcher = system.spawn("watcher", {
      init: () => undefined,
      receive(state: undefined, message: "keep" | "take back", context): undefined {
        // The system message has been sent when watch returns, since that actor is gone already.
        context.watch(gone);
        if (message === "take back") context.unwatch(gone);
        log.push(message);
        return state;
      },
      onSignal: (state, signal) => (log.push(signal.type), state),
    });
    watcher.tell("take back");
    watcher.tell("keep");
    await clock.settle();
    assert.deepEqual(log, ["take back", "keep", "terminated"]);
  }));

Deno.test("G9: an actor that watches but takes no signals fails when the watched one ends", () =>
  withSystem(async ({ system, clock }) => {
    const watched = system.spawn("watched", recorder<string>([]));
    const ended: StopReason[] = [];
    system.spawn(
      "watcher",
      recorder<string>([], {
        init: (context) => (context.watch(watched), 0),
        onStop: (_state, _context, reason) => void ended.push(reason),
      }),
    );
    system.stopActor(watched);
    await clock.settle();
    const [reason] = ended;
    assert.ok(reason?.kind === "failed" && reason.error instanceof ActorError);
    assert.equal(reason.error.code, "death_pact");
  }));
