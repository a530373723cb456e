import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import type { ObservedActor } from "../../../actors/runtime/mod.ts";
import { renderActors } from "../../../cli/actors_view.ts";

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

Deno.test("renderActors: an actor a line, indented by depth, with its numbers and its state", () => {
  const fetcher = actor("fetcher", {
    mailboxLength: 3,
    handledPerSecond: 12.34,
    msPerMessage: 0.5,
    summary: { phase: "downloading" },
  });
  const runner = actor("runner", { status: "down", restarts: 2 });
  const text = renderActors([actor("agent", { children: [fetcher, runner] })], {
    host: "web-1",
    columns: 120,
  });
  const [head, , agent, first, second] = stripVTControlCharacters(text).split("\n");
  assert.equal(head, "web-1: 3 actors");
  assert.match(agent ?? "", /^agent +0 +0 +0 *$/);
  assert.match(first ?? "", /^ {2}fetcher +3 +12\.3 +0\.50 +0 +0 {2}\{"phase":"downloading"\}$/);
  assert.match(second ?? "", /^ {2}runner +0 +0 +2 {2}down$/);
});

Deno.test("renderActors: a line is no wider than the terminal", () => {
  const long = actor("agent", { summary: "x".repeat(500) });
  const text = stripVTControlCharacters(renderActors([long], { host: "web-1", columns: 90 }));
  for (const line of text.split("\n")) assert.ok(line.length <= 90, line);
});
