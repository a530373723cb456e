/** Silence, keep-alives, and peers that do not read. */

import assert from "node:assert/strict";
import { ConnectionTimeouts } from "../../../../../torrent/swarm/wire/connection_timeouts.ts";

Deno.test("ConnectionTimeouts: keep-alives after a minute, an end after five of silence", () => {
  const timeouts = new ConnectionTimeouts(0);
  const state = { readBytes: 0, writtenBytes: 0, isWriting: false };
  assert.equal(timeouts.check(state, 59), "fine");
  assert.equal(timeouts.check(state, 60), "keep_alive");
  assert.equal(timeouts.check({ ...state, writtenBytes: 4 }, 61), "fine");
  assert.equal(timeouts.check({ ...state, writtenBytes: 4, readBytes: 1 }, 299), "keep_alive");
  const verdict = timeouts.check({ ...state, writtenBytes: 8, readBytes: 1 }, 600);
  assert.match(typeof verdict === "object" ? verdict.close : "", /said nothing for 301 s/);
});

Deno.test("ConnectionTimeouts: a peer that does not read is dropped, one that reads slowly is not", () => {
  const timeouts = new ConnectionTimeouts(0);
  for (let tick = 1; tick < 200; tick += 20) {
    const state = { readBytes: tick, writtenBytes: 1024 * tick, isWriting: true };
    assert.equal(timeouts.check(state, tick), "fine");
  }
  const state = { readBytes: 999, writtenBytes: 1024 * 181, isWriting: false };
  assert.notEqual(typeof timeouts.check(state, 250), "object", "nothing waits for it");
  assert.equal(timeouts.check({ ...state, isWriting: true }, 251), "fine", "it has only begun");
  const verdict = timeouts.check({ ...state, isWriting: true }, 290);
  assert.match(typeof verdict === "object" ? verdict.close : "", /did not read/);
});

Deno.test("ConnectionTimeouts: a peer that reads a byte now and then does not read", () => {
  const timeouts = new ConnectionTimeouts(0);
  const verdicts = Array.from(
    { length: 40 },
    (_, tick) => timeouts.check({ readBytes: tick, writtenBytes: tick, isWriting: true }, tick),
  );
  assert.equal(verdicts.findIndex((verdict) => typeof verdict === "object"), 31);
});
