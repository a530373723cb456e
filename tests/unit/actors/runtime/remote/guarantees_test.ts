import assert from "node:assert/strict";

const page = new URL("../../../../../docs/remote_actors.md", import.meta.url);
const folders = [
  "./",
  "../../../../integration/actors/runtime/remote/",
  "../../../../integration/actors/runtime/worker/",
].map((path) => new URL(path, import.meta.url));

/** The names of all tests that carry the number of a guarantee. */
async function numberedTests(): Promise<string[]> {
  const names: string[] = [];
  for (const folder of folders) {
    for await (const { name } of Deno.readDir(folder)) {
      if (!name.endsWith("_test.ts")) continue;
      const source = await Deno.readTextFile(new URL(name, folder));
      for (const [, test] of source.matchAll(/Deno\.test\(\s*"([RW]\d+: [^"]+)"/g)) {
        if (test !== undefined) names.push(test);
      }
    }
  }
  return names;
}

Deno.test("docs/remote_actors.md names for each guarantee exactly the tests that carry its number", async () => {
  const text = await Deno.readTextFile(page);
  const named = [...text.matchAll(/^- `([RW]\d+: [^`]+)`$/gm)].map(([, name]) => name);
  assert.deepEqual(named.toSorted(), (await numberedTests()).toSorted());
  for (const letter of ["R", "W"]) {
    const numbers = [...text.matchAll(/^\*\*([RW])(\d+)\./gm)]
      .filter(([, kind]) => kind === letter)
      .map(([, , number]) => Number(number));
    assert.deepEqual(numbers, numbers.map((_, index) => index + 1), "numbered from 1 on");
    for (const number of numbers) {
      assert.ok(
        named.some((name) => name?.startsWith(`${letter}${number}:`)),
        `${letter}${number}`,
      );
    }
  }
});
