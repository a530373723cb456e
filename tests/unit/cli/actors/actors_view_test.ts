import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import type { ObservedActor } from "../../../../actors/runtime/mod.ts";
import { renderActors, renderEvents, renderTraced } from "../../../../cli/actors/actors_view.ts";

function actor(name: string, more: Partial<ObservedActor> = {}): ObservedActor {
  return {
    name,
    kind: name,
    path: `/${name}`,
    status: "running",
    mailboxLength: 0,
    restarts: 0,
    handled: 0,
    dropped: 0,
    msPerMessage: null,
    summary: null,
    handledPerSecond: null,
    children: [],
    ...more,
  };
}

function render(
  actors: readonly ObservedActor[],
  options: { columns?: number; rows?: number } = {},
): string[] {
  const text = renderActors(actors, { host: "web-1", columns: 120, ...options });
  return stripVTControlCharacters(text).split("\n");
}

Deno.test("renderActors: an actor a line, as a tree, with its numbers and its state", () => {
  const fetcher = actor("fetcher", {
    mailboxLength: 3,
    handledPerSecond: 12.34,
    msPerMessage: 0.5,
    summary: { phase: "downloading", peers: 2, error: null, of: { v1: 3 }, all: ["a", "b"] },
  });
  const runner = actor("runner", { status: "down", restarts: 2, dropped: 1 });
  const service = actor("service", { children: [fetcher, runner] });
  const lines = render([actor("agent", { children: [service, actor("endpoint")] })]);
  assert.equal(
    lines[0],
    "web-1: 5 actors, 12.3 messages/s, 3 messages waiting, 2 restarts, 1 drop",
  );
  assert.match(lines[1] ?? "", /^actor +waiting +msg\/s +ms\/msg +drops +restarts +state$/);
  assert.match(lines[2] ?? "", /^agent +0 +0 +0$/);
  assert.match(lines[3] ?? "", /^├─ service +0 +0 +0$/);
  assert.match(
    lines[4] ?? "",
    /^│ {2}├─ fetcher +3 +12\.3 +0\.50 +0 +0 {2}phase: downloading; peers: 2; of: \(v1: 3\); all: a, b$/,
  );
  assert.match(lines[5] ?? "", /^│ {2}└─ runner +0 +1 +2 {2}down$/);
  assert.match(lines[6] ?? "", /^└─ endpoint +0 +0 +0$/);
});

Deno.test("renderActors: a line is no wider than the terminal, whatever the names and states", () => {
  const deep = actor("y".repeat(60), { children: [actor("z".repeat(60), { summary: "s" })] });
  const actors = [actor("agent", { summary: `x\n${"x".repeat(500)}`, children: [deep] })];
  for (const columns of [70, 90, 200]) {
    const lines = render(actors, { columns });
    assert.equal(lines.length, 5);
    for (const line of lines) assert.ok(line.length <= columns, `${columns}: ${line}`);
  }
});

Deno.test("renderActors: what the window is too low for is counted", () => {
  const children = Array.from({ length: 20 }, (_, index) => actor(`child-${index}`));
  const lines = render([actor("agent", { children })], { rows: 10 });
  // One row is the cursor's.
  assert.equal(lines.length, 9);
  assert.match(lines.at(-1) ?? "", /^… 15 more; /);
  assert.equal(render([actor("agent", { children })], { rows: 25 }).length, 23);
});

Deno.test("renderEvents: a time, what happened, to whom, and why", () => {
  const at = "2026-11-25T14:03:07.123Z";
  const text = renderEvents([
    { number: 7, at, path: "/agent", type: "started", detail: null },
    { number: 8, at, path: "/agent/a", type: "dead_letter", detail: "overflow" },
    { number: 9, at, path: "/agent/a", type: "failed", detail: "no\n room" },
  ]);
  assert.deepEqual(stripVTControlCharacters(text).split("\n"), [
    "14:03:07.123  started      /agent",
    "14:03:07.123  dead letter  /agent/a: overflow",
    "14:03:07.123  failed       /agent/a: no room",
  ]);
});

Deno.test("renderTraced: how long a message took, what it was, and what the actor threw", () => {
  const traced = {
    number: 1,
    at: "2026-11-25T14:03:07.123Z",
    tookMs: 0.256,
    kind: "message",
    text: "{ type: 'check' }",
    failure: null,
  } as const;
  assert.equal(renderTraced(traced), "14:03:07.123      0.26 ms  { type: 'check' }");
  assert.equal(
    stripVTControlCharacters(renderTraced({ ...traced, kind: "signal", failure: "why" })),
    "14:03:07.123      0.26 ms  signal { type: 'check' }  threw why",
  );
});
