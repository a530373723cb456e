/** Which files are looked at, a few at a time. */

import assert from "node:assert/strict";
import { ChangedFiles } from "../../../../torrent/publisher/changed_files.ts";
import { recordPublishedFiles } from "../../../../torrent/publisher/published_files.ts";

Deno.test("ChangedFiles: a release with as many files as one turn takes keeps no other from its turn", async () => {
  // Regression: the next turn began with it again, for ever.
  const folder = await Deno.makeTempDir({ prefix: "rollcall-test-" });
  try {
    await Deno.mkdir(`${folder}/roots`);
    const releases = [["a".repeat(40), 500], ["b".repeat(40), 1]] as const;
    for (const [infoHash, count] of releases) {
      const root = `${folder}/${infoHash}`;
      await Deno.mkdir(root);
      const files = Array.from({ length: count }, (_, index) => ({ path: `f${index}` }));
      for (const { path } of files) await Deno.writeTextFile(`${root}/${path}`, "content");
      await recordPublishedFiles(folder, { infoHash, service: "web", version: "v1", root, files });
    }
    const [, [small]] = releases;
    await Deno.remove(`${folder}/${small}/f0`);
    const changed = new ChangedFiles(folder);
    const infoHashes = releases.map(([infoHash]) => infoHash);
    assert.deepEqual(await changed.next(infoHashes), []);
    const found = await changed.next(infoHashes);
    assert.deepEqual(found.map(({ infoHash, file }) => [infoHash, file]), [[small, "f0"]]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
