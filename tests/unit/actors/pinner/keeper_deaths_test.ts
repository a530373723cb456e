import assert from "node:assert/strict";
import {
  DEATHS_MAX,
  DEATHS_WINDOW_MS,
  isForgotten,
  type KeeperDeaths,
  noteDeath,
  restPauseMs,
} from "../../../../actors/pinner/keeper_deaths.ts";

Deno.test("restPauseMs: the third death within an hour is one too many, until the first is an hour ago", () => {
  let deaths: KeeperDeaths | undefined;
  for (const nowMs of [0, 1_000, 60_000]) {
    assert.equal(restPauseMs(deaths, nowMs), 0);
    deaths = noteDeath(deaths, { reason: `at ${nowMs}`, nowMs });
  }
  assert.equal(deaths?.reason, "at 60000");
  assert.equal(restPauseMs(deaths, 60_000), DEATHS_WINDOW_MS - 60_000);
  assert.equal(restPauseMs(deaths, DEATHS_WINDOW_MS), 0);
  // One more at once: there have been three within an hour again.
  deaths = noteDeath(deaths, { reason: "again", nowMs: DEATHS_WINDOW_MS });
  assert.equal(restPauseMs(deaths, DEATHS_WINDOW_MS), 1_000);
});

Deno.test("isForgotten: an hour after the last death", () => {
  const once = noteDeath(undefined, { reason: "", nowMs: 5 });
  assert.equal(isForgotten(once, DEATHS_WINDOW_MS + 4), false);
  assert.equal(isForgotten(once, DEATHS_WINDOW_MS + 5), true);
});

Deno.test("noteDeath: deaths that are far apart stop nothing, and what is kept is bounded", () => {
  let deaths: KeeperDeaths | undefined;
  for (let hour = 0; hour < 20; hour++) {
    const nowMs = hour * DEATHS_WINDOW_MS / 2;
    assert.equal(restPauseMs(deaths, nowMs), 0);
    deaths = noteDeath(deaths, { reason: "", nowMs });
    assert.ok(deaths.timesMs.length <= DEATHS_MAX);
  }
});
