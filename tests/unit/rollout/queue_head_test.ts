/** Tests of which wave is next for a service. */

import assert from "node:assert/strict";
import { headOfQueue } from "../../../rollout/mod.ts";

/** Finds the head in a queue such as `A1 B1 A2`. `after`: the services that go before a service's waves; left out: all. */
function head(service: string, queue: string, after: Readonly<Record<string, string>> = {}) {
  const nodes = queue.split(" ").filter((node) => node !== "")
    .map((node) => ({ node, service: node.slice(0, 1) }));
  return headOfQueue(service, nodes, (node) => after[node.slice(0, 1)]?.split(" "));
}

Deno.test("headOfQueue: strictly in order, unless a wave says after which services it goes", () => {
  assert.equal(head("A", ""), null);
  assert.equal(head("A", "A1 A2 B1"), "A1");
  assert.equal(head("B", "A1 A2 B1"), "A1");
  assert.equal(head("C", "A1 B1"), "A1");
});

Deno.test("headOfQueue: services that have nothing to do with each other go at the same time", () => {
  const after = { A: "C", B: "", C: "A" };
  assert.equal(head("A", "A1 B1 A2 B2 C1", after), "A1");
  assert.equal(head("B", "A1 B1 A2 B2 C1", after), "B1");
  assert.equal(head("C", "A1 B1 A2 B2 C1", after), "A1");
  assert.equal(head("C", "B1 B2 C1", after), "C1");
  assert.equal(head("A", "C1 A1", after), "C1");
});
