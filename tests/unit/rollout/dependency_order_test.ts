/** Tests of the order of services, over random graphs. */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  allDependencies,
  type Dependencies,
  findCycle,
  orderByDependencies,
} from "../../../rollout/mod.ts";

const NAMES = ["A", "B", "C", "D", "E", "F", "G"];

/** Graphs without circles: a service depends only on ones before it in a random order of all. */
const acyclic: fc.Arbitrary<Dependencies> = fc.tuple(
  fc.shuffledSubarray(NAMES, { minLength: NAMES.length }),
  fc.array(fc.nat(1_000), { minLength: NAMES.length, maxLength: NAMES.length }),
).map(([names, seeds]) =>
  new Map(names.map((name, index) => [
    name,
    names.slice(0, index).filter((_, other) => ((seeds[index] ?? 0) >> other) % 2 === 1),
  ]))
);

const anyGraph: fc.Arbitrary<Dependencies> = fc.array(fc.subarray(NAMES), {
  minLength: NAMES.length,
  maxLength: NAMES.length,
}).map((lists) => new Map(NAMES.map((name, index) => [name, lists[index] ?? []])));

/** Whether there is a circle, by taking away what depends on nothing until nothing is left. */
function hasCycle(dependencies: Dependencies): boolean {
  const left = new Map(dependencies);
  for (let isSmaller = true; isSmaller;) {
    isSmaller = false;
    for (const [name, needs] of left) {
      if (needs.some((needed) => left.has(needed))) continue;
      left.delete(name);
      isSmaller = true;
    }
  }
  return left.size > 0;
}

Deno.test("orderByDependencies: each service after all that it depends on", () => {
  fc.assert(fc.property(acyclic, fc.subarray(NAMES), (dependencies, services) => {
    const order = orderByDependencies(services, dependencies);
    assert.deepEqual([...order].sort(), [...services].sort());
    for (const [index, service] of order.entries()) {
      const needed = allDependencies(service, dependencies);
      const late = order.slice(index + 1).filter((other) => needed.has(other));
      assert.deepEqual(late, [], `${service} comes before ${late}`);
    }
  }));
});

Deno.test("orderByDependencies: an order that is right already stays as it is", () => {
  fc.assert(fc.property(acyclic, fc.shuffledSubarray(NAMES), (dependencies, services) => {
    const order = orderByDependencies(services, dependencies);
    assert.deepEqual(orderByDependencies(order, dependencies), order);
  }));
  assert.deepEqual(orderByDependencies(["C", "A", "B"], new Map()), ["C", "A", "B"]);
});

Deno.test("orderByDependencies: through services that are not upgraded themselves", () => {
  const dependencies = new Map([["A", ["B"]], ["B", ["C"]], ["C", []]]);
  assert.deepEqual(orderByDependencies(["A", "C"], dependencies), ["C", "A"]);
});

Deno.test("findCycle: names one circle, from its first service around to it again", () => {
  assert.deepEqual(findCycle(new Map([["A", ["B"]], ["B", ["A"]]])), ["A", "B", "A"]);
  assert.deepEqual(findCycle(new Map([["A", ["A"]]])), ["A", "A"]);
  assert.deepEqual(
    findCycle(new Map([["X", ["A"]], ["A", ["B"]], ["B", ["C"]], ["C", ["A"]]])),
    ["A", "B", "C", "A"],
  );
});

Deno.test("findCycle: a diamond, or a dependency that nobody knows, is no circle", () => {
  assert.equal(findCycle(new Map([["D", ["B", "C"]], ["B", ["A"]], ["C", ["A"]]])), null);
});

Deno.test("findCycle: finds a circle exactly when there is one, and it is one", () => {
  fc.assert(fc.property(fc.oneof(anyGraph, acyclic), (dependencies) => {
    const cycle = findCycle(dependencies);
    assert.equal(cycle !== null, hasCycle(dependencies));
    if (cycle === null) return;
    assert.ok(cycle.length > 1);
    assert.equal(cycle[0], cycle.at(-1));
    for (const [index, service] of cycle.slice(0, -1).entries()) {
      const next = cycle[index + 1] ?? "";
      assert.ok(dependencies.get(service)?.includes(next), `${service} -> ${next}`);
    }
  }));
});

Deno.test("allDependencies: direct and through others, not the service itself", () => {
  const dependencies = new Map([["A", ["B", "C"]], ["B", ["D"]], ["C", ["D"]], ["D", []]]);
  assert.deepEqual([...allDependencies("A", dependencies)].sort(), ["B", "C", "D"]);
  assert.deepEqual([...allDependencies("D", dependencies)], []);
  assert.deepEqual([...allDependencies("unknown", dependencies)], []);
});

Deno.test("allDependencies: ends on circles", () => {
  const circle = new Map([["A", ["B"]], ["B", ["A"]]]);
  assert.deepEqual([...allDependencies("A", circle)].sort(), ["A", "B"]);
});

Deno.test("findCycle, orderByDependencies: a chain longer than the call stack is deep", () => {
  const length = 50_000;
  const chain = new Map(
    Array.from({ length }, (_, index) => [`s${index}`, [`s${index + 1}`]] as const),
  );
  assert.equal(findCycle(chain), null);
  assert.equal(orderByDependencies(["s0", `s${length}`], chain).at(-1), "s0");
  const circle = new Map([...chain, [`s${length}`, ["s0"]] as const]);
  assert.equal(findCycle(circle)?.length, length + 2);
});

Deno.test("findCycle: only among what the given services depend on", () => {
  const dependencies = new Map([["web", ["db"]], ["zz", ["zz"]]]);
  assert.equal(findCycle(dependencies, ["web"]), null);
  assert.deepEqual(findCycle(dependencies), ["zz", "zz"]);
});
