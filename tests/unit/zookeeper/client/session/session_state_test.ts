// The state of a session as its users see it.
import assert from "node:assert/strict";
import { ObservableSessionState } from "../../../../../zookeeper/client/session/session_state.ts";
import { silentLog, systemClock, ZooKeeperError } from "../../../../../zookeeper/mod.ts";

function holder(): ObservableSessionState {
  return new ObservableSessionState({
    servers: [{ hostname: "zk1", port: 2181 }],
    lastFailure: () => undefined,
    clock: systemClock,
    log: silentLog,
  });
}

function change(state: ObservableSessionState, times: number): void {
  for (let time = 0; time < times; time++) state.set(time % 2 === 0 ? "connected" : "suspended");
}

Deno.test("states: a thousand may wait to be taken, and one more is an error", async () => {
  const state = holder();
  const states = state.states(undefined);
  assert.equal((await states.next()).value, "connecting");
  change(state, 1_000);
  for (let time = 0; time < 1_000; time++) {
    assert.equal((await states.next()).value, time % 2 === 0 ? "connected" : "suspended");
  }
  change(state, 1_500);
  await assert.rejects(
    states.next(),
    (error) => error instanceof ZooKeeperError && error.code === "QUEUE_FULL",
  );
  assert.equal((await states.next()).done, true);
});

Deno.test("states: end with `closed`, and with their signal", async () => {
  const state = holder();
  const giveUp = new AbortController();
  const states = state.states(undefined);
  const given = state.states(giveUp.signal);
  assert.deepEqual(await given.next(), { value: "connecting", done: false });
  const waiting = given.next();
  giveUp.abort();
  assert.equal((await waiting).done, true);
  state.set("closed");
  assert.equal((await states.next()).value, "closed");
  assert.equal((await states.next()).done, true);
});
