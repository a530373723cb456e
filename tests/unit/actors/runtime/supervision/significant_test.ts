import assert from "node:assert/strict";
import {
  ActorError,
  type ActorRef,
  type AutoShutdown,
  type RestartPolicy,
  spawnProbe,
  supervisor,
  type SupervisorMessage,
} from "../../../../../actors/runtime/mod.ts";
import { type Fixture, recorder, withSystem } from "../fixture.ts";

/** Two significant children `a` and `b` and one that is not, which stop when told "stop". */
function spawnFamily(
  { system }: Fixture,
  autoShutdown: AutoShutdown,
  restart: RestartPolicy = "transient",
) {
  const children = new Map<string, ActorRef<string>>();
  const definition = recorder<string>([], {
    receive(state: number, message: string, context: { stopSelf(): void }): number {
      if (message === "crash") throw new Error("crash");
      context.stopSelf();
      return state;
    },
  });
  const ref: ActorRef<SupervisorMessage> = system.spawn(
    "family",
    supervisor({
      autoShutdown,
      children(scope) {
        for (const name of ["a", "b"]) {
          children.set(name, scope.child(name, definition, { restart, significant: true }));
        }
        children.set("other", scope.child("other", definition, { restart: "temporary" }));
      },
    }),
  );
  const probe = spawnProbe(system);
  probe.watch(ref);
  const stop = (name: string) => void children.get(name)?.tell("stop");
  const crash = (name: string) => void children.get(name)?.tell("crash");
  return { ref, probe, stop, crash };
}

Deno.test("G31: any_significant stops the supervisor with the first significant child", () =>
  withSystem(async (fixture) => {
    const { probe, stop } = spawnFamily(fixture, "any_significant");
    stop("other");
    await fixture.clock.settle();
    assert.equal(probe.signals.length, 0);
    stop("a");
    await fixture.clock.settle();
    const [signal] = probe.signals;
    assert.ok(signal?.type === "terminated" && signal.reason.kind === "normal");
  }));

Deno.test("G31: all_significant stops the supervisor with the last significant child", () =>
  withSystem(async (fixture) => {
    const { probe, stop } = spawnFamily(fixture, "all_significant");
    stop("a");
    await fixture.clock.settle();
    assert.equal(probe.signals.length, 0);
    stop("b");
    await fixture.clock.settle();
    assert.equal(probe.signals.length, 1);
  }));

Deno.test("G31: a restart, or a stop that was asked for, does not count", () =>
  withSystem(async (fixture) => {
    const { ref, probe, crash } = spawnFamily(fixture, "any_significant");
    crash("a");
    ref.tell({ type: "stop_child", name: "b" });
    await fixture.clock.advance(1_000);
    assert.equal(probe.signals.length, 0);
    assert.equal(fixture.system.counters.restarts, 1);
  }));

Deno.test("G31: a failure of a temporary significant child counts", () =>
  withSystem(async (fixture) => {
    const { probe, crash } = spawnFamily(fixture, "any_significant", "temporary");
    crash("a");
    await fixture.clock.settle();
    assert.equal(probe.signals.length, 1);
  }));

Deno.test("G31: significant is refused where it has no meaning", async () => {
  for (
    const [autoShutdown, restart] of [["never", "transient"], [
      "any_significant",
      "permanent",
    ]] as const
  ) {
    const codes: unknown[] = [];
    await withSystem(async (fixture) => {
      spawnFamily(fixture, autoShutdown, restart);
      await fixture.clock.settle();
    }, {
      onFailure({ error }) {
        codes.push(error instanceof ActorError ? error.code : error);
        return "continue";
      },
    });
    assert.deepEqual(codes, ["invalid_option"]);
  }
});
