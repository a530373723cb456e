import assert from "node:assert/strict";
import { dirname } from "node:path";
import { findPackages } from "../../../../scripts/compile/packages.ts";

/** A folder with packages as Deno installs them: each in a place of its own, with links to what it depends on. */
async function withPackages(
  manifests: Record<string, unknown>,
  links: Record<string, string>,
  work: (root: string) => Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "rollcall-packages-" });
  try {
    for (const [folder, manifest] of Object.entries(manifests)) {
      await Deno.mkdir(`${root}/${folder}`, { recursive: true });
      await Deno.writeTextFile(`${root}/${folder}/package.json`, JSON.stringify(manifest));
    }
    for (const [path, target] of Object.entries(links)) {
      await Deno.mkdir(dirname(`${root}/${path}`), { recursive: true });
      await Deno.symlink(target, `${root}/${path}`);
    }
    await work(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

const STORE = "node_modules/.deno";
const A = `${STORE}/a@1/node_modules/@x/a`;
const B = `${STORE}/b@1/node_modules/b`;
const C = `${STORE}/c@1/node_modules/c`;

Deno.test("findPackages follows dependencies, and leaves out what nobody needs", async () => {
  await withPackages({
    [A]: { dependencies: { b: "1" }, optionalDependencies: { missing: "1" } },
    // In a circle, as some packages are.
    [B]: { peerDependencies: { "@x/a": "1", absent: "1" } },
    [C]: {},
  }, {
    "node_modules/@x/a": "../.deno/a@1/node_modules/@x/a",
    "node_modules/c": ".deno/c@1/node_modules/c",
    [`${STORE}/a@1/node_modules/b`]: "../../b@1/node_modules/b",
    [`${STORE}/b@1/node_modules/@x/a`]: "../../../a@1/node_modules/@x/a",
  }, async (root) => {
    assert.deepEqual(await findPackages(root, [`${A}/lib/index.js`]), {
      folders: [A, B],
      links: [
        `${STORE}/a@1/node_modules/b`,
        `${STORE}/b@1/node_modules/@x/a`,
        "node_modules/@x/a",
      ],
    });
    assert.deepEqual((await findPackages(root, [`${C}/index.js`])).folders, [C]);
  });
});

Deno.test("findPackages: a dependency that is not installed is named", async () => {
  await withPackages({ [A]: { dependencies: { b: "1" } } }, {}, async (root) => {
    await assert.rejects(
      findPackages(root, [`${A}/index.js`]),
      /^CompileError: compile: expected .*@x\/a to find its dependency b, .* deno task setup$/,
    );
  });
});
