import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { pageSizeBytes } from "../../../../ffi/mod.ts";
import { type PinSelection, selectFiles } from "../../../../host/pinning/pin_selection.ts";
import { withFolder } from "../support.ts";

/** Two files, one of them with two names, an empty one, a link to a file and one to a folder, and one that leads nowhere. */
async function withTree(use: (folder: string) => void | Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const tree = join(folder, "tree");
    await Deno.mkdir(join(tree, ".git"), { recursive: true });
    await Deno.mkdir(join(folder, "elsewhere"));
    await Deno.writeFile(join(tree, "a.dat"), new Uint8Array(10_000));
    await Deno.link(join(tree, "a.dat"), join(tree, "hard.dat"));
    await Deno.writeFile(join(tree, "empty.bak"), new Uint8Array());
    await Deno.writeFile(join(tree, ".git", "b.dat"), new Uint8Array(30));
    await Deno.writeFile(join(folder, "elsewhere", "c.dat"), new Uint8Array(40));
    await Deno.symlink("a.dat", join(tree, "soft.dat"));
    await Deno.symlink("../elsewhere", join(tree, "folder"));
    await Deno.symlink("..", join(folder, "elsewhere", "circle"));
    await Deno.symlink("nowhere", join(tree, "broken"));
    await use(folder);
  });
}

function found(folder: string, selection: Omit<PinSelection, "paths">, paths = ["tree"]) {
  const { files, skipped, foldersCount } = selectFiles({
    ...selection,
    paths: paths.map((path) => join(folder, path)),
  });
  return {
    sizes: files.map(({ sizeBytes }) => sizeBytes).sort((a, b) => a - b),
    names: files.map(({ path }) => relative(folder, path)),
    skipped: skipped.map(({ path }) => relative(folder, path)),
    foldersCount,
  };
}

Deno.test("selectFiles counts a file once, by however many names it is reached", async () => {
  await withTree((folder) => {
    assert.deepEqual(found(folder, {}).sizes, [0, 30, 10_000]);
    const twice = ["tree", "tree/hard.dat", "tree/soft.dat", "tree/.git"];
    assert.deepEqual(found(folder, {}, twice).sizes, [0, 30, 10_000]);
    assert.deepEqual(found(folder, {}, ["tree/soft.dat"]).sizes, [10_000]);
    const followed = found(folder, { followLinks: true });
    assert.deepEqual(followed.sizes, [0, 30, 40, 10_000]);
    assert.deepEqual(followed.skipped, ["tree/broken"]);
    // The circle leads to the folder above, which was not named.
    assert.equal(followed.foldersCount, 4);
  });
});

Deno.test("selectFiles leaves out what is too large, ignored or not asked for", async () => {
  await withTree((folder) => {
    const small = found(folder, { maxFileBytes: 9_999 });
    assert.deepEqual(small.sizes, [0, 30]);
    assert.equal(small.skipped.length, 1);
    assert.deepEqual(found(folder, { maxFileBytes: 10_000 }).sizes, [0, 30, 10_000]);
    assert.deepEqual(found(folder, { ignore: [".git", "*.bak"] }).sizes, [10_000]);
    assert.deepEqual(found(folder, { only: ["*.bak", "b.*"] }).sizes, [0, 30]);
  });
});

Deno.test("selectFiles takes a range of each file, from a page's start on", async () => {
  await withTree((folder) => {
    const page = pageSizeBytes();
    const { files, skipped } = selectFiles({
      paths: [join(folder, "tree")],
      range: { fromBytes: page + 1, toBytes: 9_000 },
      ignore: [".git", "*.bak"],
    });
    assert.deepEqual(files.map(({ offsetBytes, sizeBytes }) => [offsetBytes, sizeBytes]), [
      [page, 9_000 - page],
    ]);
    assert.deepEqual(skipped, []);
    const late = found(folder, { range: { fromBytes: 3 * page } });
    assert.deepEqual([late.sizes, late.skipped.length], [[], 3]);
  });
});

Deno.test("selectFiles of what is not there says so", () => {
  assert.throws(() => selectFiles({ paths: ["/nowhere/to/be/found"] }), {
    code: "PIN_ROOT_MISSING",
  });
});
