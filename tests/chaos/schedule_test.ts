/** What a run is drawn as. */

import assert from "node:assert/strict";
import { drawSchedule, EVENT_KINDS, HOST_FAULTS, SESSION_MS } from "./schedule.ts";

const OPTIONS = { hostCount: 12, faultsMs: 600_000, kinds: EVENT_KINDS };

Deno.test("drawSchedule: a seed always draws the same run, and another seed another one", () => {
  const drawn = drawSchedule({ ...OPTIONS, seed: 7 });
  assert.deepEqual(drawSchedule({ ...OPTIONS, seed: 7 }), drawn);
  assert.notDeepEqual(drawSchedule({ ...OPTIONS, seed: 8 }).events, drawn.events);
});

Deno.test("drawSchedule: every kind is drawn, and only the kinds that are asked for", () => {
  const kindsOf = (kinds: typeof EVENT_KINDS[number][]) =>
    new Set(drawSchedule({ ...OPTIONS, kinds, seed: 1 }).events.map(({ kind }) => kind));
  assert.deepEqual(kindsOf([...EVENT_KINDS]), new Set(EVENT_KINDS));
  assert.deepEqual(kindsOf(["disk_full", "pause"]), new Set(["disk_full", "pause"]));
  assert.deepEqual(kindsOf([]), new Set());
});

Deno.test("drawSchedule: no host has two faults at a time, no more than a quarter have one", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { events } = drawSchedule({ ...OPTIONS, seed });
    const faults = events.filter(({ kind }) => (HOST_FAULTS as readonly string[]).includes(kind));
    for (const { atMs } of faults) {
      const sick = faults.filter((other) => other.atMs <= atMs && atMs < other.atMs + other.forMs);
      assert.equal(new Set(sick.map(({ host }) => host)).size, sick.length);
      assert.ok(sick.length <= OPTIONS.hostCount / 4, `seed ${seed}: ${JSON.stringify(sick)}`);
    }
  }
});

Deno.test("drawSchedule: an agent is stopped for longer than its session lasts", () => {
  const { events } = drawSchedule({ ...OPTIONS, seed: 3 });
  for (const { kind, forMs } of events) {
    if (kind === "agent_freeze") assert.ok(forMs > SESSION_MS, `${forMs}`);
  }
});
