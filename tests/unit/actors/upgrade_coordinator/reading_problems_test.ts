import assert from "node:assert/strict";
import { ReadingProblems } from "../../../../actors/upgrade_coordinator/reading_problems.ts";

Deno.test("ReadingProblems: each is told once, and a flood of them ends with a line that says so", () => {
  const lines: unknown[] = [];
  const ignore = () => {};
  const log = {
    debug: ignore,
    info: ignore,
    error: ignore,
    warn: (_message: string, properties?: Record<string, unknown>) => lines.push(properties),
  };
  const problems = new ReadingProblems();
  for (let round = 0; round < 3; round++) problems.tell("web", ["a", "b"], log);
  assert.deepEqual(lines, [{ service: "web", problem: "a" }, { service: "web", problem: "b" }]);
  for (let round = 0; round < 3; round++) {
    problems.tell("web", Array.from({ length: 1_000 }, (_, index) => `${round} ${index}`), log);
  }
  assert.equal(lines.length, 201);
  assert.deepEqual(lines.at(-1), { service: "web", max: 200 });
});
