import assert from "node:assert/strict";
import { isSameEntry, type Urgency, urgencyOf } from "../../../../actors/registrar/entry.ts";
import type { Current } from "../../../../rollout/mod.ts";
import { current } from "../../rollout/views.ts";

const FETCHING = { version: "2", phase: "fetching", progress: 0.1 } as const;

Deno.test("urgencyOf: what others decide by is written at once, progress now and then", () => {
  const before = current("web-1", { preparation: FETCHING });
  const cases: readonly (readonly [Partial<Current>, Urgency])[] = [
    [{ state: "down" }, "state"],
    [{ version: "2" }, "state"],
    [{ endpoint: "http://web-1:1" }, "state"],
    [{ preparation: { ...FETCHING, phase: "verifying" } }, "phase"],
    [{ preparation: null }, "phase"],
    [{ waitingFor: "its turn" }, "words"],
    [{ preparation: { ...FETCHING, pause: "the disk is full" } }, "words"],
    [{ preparation: { ...FETCHING, progress: 0.2 } }, "progress"],
    [{ pinnedBytes: 5 }, "progress"],
  ];
  for (const [change, urgency] of cases) {
    assert.equal(urgencyOf(before, { ...before, ...change }), urgency, JSON.stringify(change));
  }
});

Deno.test("isSameEntry: compares what both say, and what one of them alone says", () => {
  const entry = current("web-1", { preparation: FETCHING });
  const { preparation: _, ...without } = entry;
  assert.ok(isSameEntry(entry, { ...entry, preparation: { ...FETCHING } }));
  assert.ok(isSameEntry({ ...entry, restart: undefined }, entry));
  assert.ok(isSameEntry(entry, { ...entry, restart: undefined }));
  assert.ok(!isSameEntry(entry, without as Current));
  assert.ok(!isSameEntry(without as Current, entry));
  assert.ok(!isSameEntry(entry, { ...entry, preparation: { ...FETCHING, progress: 0.2 } }));
});
