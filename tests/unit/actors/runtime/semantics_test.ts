import assert from "node:assert/strict";

const here = new URL("./", import.meta.url);
const page = new URL("../../../../docs/semantics.md", here);

/** The names of all tests in and below this folder that carry the number of a guarantee. */
async function numberedTests(folder = here): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) names.push(...await numberedTests(new URL(`${name}/`, folder)));
    if (!name.endsWith("_test.ts")) continue;
    const source = await Deno.readTextFile(new URL(name, folder));
    for (const [, test] of source.matchAll(/Deno\.test\(\s*"(G\d+: [^"]+)"/g)) {
      if (test !== undefined) names.push(test);
    }
  }
  return names;
}

Deno.test("docs/semantics.md names for each guarantee exactly the tests that carry its number", async () => {
  const text = await Deno.readTextFile(page);
  const guarantees = [...text.matchAll(/^\*\*G(\d+)\./gm)].map(([, number]) => Number(number));
  assert.deepEqual(guarantees, guarantees.map((_, index) => index + 1), "numbered from 1 on");
  const named = [...text.matchAll(/^- `(G\d+: [^`]+)`$/gm)].map(([, name]) => name);
  assert.deepEqual(named.toSorted(), (await numberedTests()).toSorted());
  for (const number of guarantees) {
    assert.ok(named.some((name) => name?.startsWith(`G${number}:`)), `G${number} has no test`);
  }
});
