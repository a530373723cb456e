/** What goes into the binary. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ENTRY, isShipped, STARTED_BY_URL } from "../../../../scripts/compile/contents.ts";
import { readModuleGraph } from "../../../../scripts/compile/module_graph.ts";
import { makeStage } from "../../../../scripts/compile/stage.ts";
import { withoutComments } from "../../architecture/sources.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

Deno.test("STARTED_BY_URL names every module that the program starts by its URL, and no other", async () => {
  const { own } = await readModuleGraph(ROOT, [ENTRY, ...STARTED_BY_URL]);
  const started = own.filter((path) => path.endsWith(".ts")).flatMap((path) => {
    const code = withoutComments(Deno.readTextFileSync(join(ROOT, path)));
    return [...code.matchAll(/new URL\(\s*["'`]([^"'`]+)["'`]\s*,\s*import\.meta\.url/g)]
      .map(([, relative = ""]) => new URL(relative, `file:///${path}`).pathname.slice(1));
  });
  // A binary starts itself again by its own path.
  assert.deepEqual(started.filter((path) => path !== ENTRY).sort(), [...STARTED_BY_URL].sort());
});

Deno.test("the program loads no module by a name that only its run knows", async () => {
  const { own } = await readModuleGraph(ROOT, [ENTRY, ...STARTED_BY_URL]);
  const computed = own.filter((path) =>
    path.endsWith(".ts") &&
    /\bimport\s*\(\s*(?!["'`\s])/.test(withoutComments(Deno.readTextFileSync(join(ROOT, path))))
  );
  assert.deepEqual(computed, []);
});

Deno.test("isShipped: what can be loaded, and licences", () => {
  for (
    const path of [
      "package.json",
      "lib/index.js",
      "dist/mod.mjs",
      "dist/mod.cjs",
      "LICENSE",
      "licence.md",
    ]
  ) assert.ok(isShipped(path), path);
  for (
    const path of [
      "README.md",
      "index.d.ts",
      "dist/mod.js.map",
      "test/index.js",
      "lib/tests/data.json",
      "docs/LICENSES.txt/x.js",
      "prebuilds/linux-x64/x.node",
      "prebuilds/darwin-x64/x.node",
      "src/index.ts",
    ]
  ) assert.ok(!isShipped(path), path);
});

Deno.test("makeStage: the packages that the program imports, nothing of tests and benchmarks", async () => {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-stage-" });
  try {
    const stage = await makeStage({ root: ROOT, folder });
    assert.ok(stage.packagesBytes < 30 * 2 ** 20, `${stage.packagesBytes} bytes of packages`);
    const files = filesIn(folder);
    for (const path of ["mod.ts", "host/pinning/keeper_command.ts", ...STARTED_BY_URL]) {
      assert.ok(files.includes(path), path);
    }
    for (const name of ["webtorrent", "bittorrent-tracker", "zod"]) {
      assert.ok((await Deno.stat(`${folder}/node_modules/${name}/package.json`)).isFile, name);
    }
    assert.deepEqual(
      files.filter((path) =>
        /(?:^|\/)(?:tests?|scripts|docs|stand_ins)\/|fast-check|node-zookeeper-client|@types/.test(
          path,
        )
      ),
      [],
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

function filesIn(folder: string, below = ""): string[] {
  return [...Deno.readDirSync(join(folder, below))].flatMap((entry) => {
    const path = join(below, entry.name);
    return entry.isDirectory ? filesIn(folder, path) : [path];
  });
}
