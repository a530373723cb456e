/** What `rollcall fetch` keeps beside a folder, and how a folder goes from one release to the next, crashes included. */

import assert from "node:assert/strict";
import { type FetchTarget, readKeptRelease, StateDir } from "../../../../cli/fetch/state_dir.ts";
import { silentLog } from "../../../../base/log.ts";
import { type CreatedRelease, createRelease } from "../../../../torrent/mod.ts";

/** A folder that holds v1, and v2 put together beside it, to be settled. */
async function setUp() {
  const path = await Deno.makeTempDir({ prefix: "rollcall-state-" });
  const releases: CreatedRelease[] = [];
  for (const version of ["v1", "v2"]) {
    const root = `${path}/source-${version}`;
    await Deno.mkdir(root);
    await Deno.writeTextFile(`${root}/data`, version);
    releases.push(
      await createRelease({ service: "web", version, path: root, announce: [], log: silentLog }),
    );
  }
  const [v1, v2] = releases;
  assert.ok(v1 !== undefined && v2 !== undefined);
  const folder = `${path}/web`;
  {
    using state = await StateDir.open(folder);
    const place = await state.targetFor(v1);
    assert.equal(place.root, folder, "an empty folder is filled in place");
    await Deno.writeTextFile(`${folder}/data`, "v1");
    await state.settle(v1, place);
  }
  return {
    v2,
    folder,
    statePath: `${path}/.web.rollcall`,
    async fill({ root, journalPath }: FetchTarget) {
      await Deno.writeTextFile(`${root}/data`, "v2");
      await Deno.writeTextFile(journalPath, "journal of v2");
    },
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

/** The version whose data the folder holds, and the one that the state says it does. */
async function held(folder: string): Promise<(string | undefined)[]> {
  return [await Deno.readTextFile(`${folder}/data`), (await readKeptRelease(folder))?.version];
}

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

Deno.test("StateDir: the next release takes the folder's place at once and whole", async () => {
  await using test = await setUp();
  const { folder, statePath, v2 } = test;
  using state = await StateDir.open(folder);
  const place = await state.targetFor(v2);
  assert.equal(place.previous?.version, "v1");
  await test.fill(place);
  assert.deepEqual(await held(folder), ["v1", "v1"]);
  await state.settle(v2, place);
  assert.deepEqual(await held(folder), ["v2", "v2"]);
  assert.deepEqual(names(statePath), ["lock", "release.torrent", "resume"]);
});

const CRASHES = ["renamed the old", "renamed the new", "renamed the .torrent"] as const;

for (const [index, crash] of CRASHES.entries()) {
  Deno.test(`StateDir: a crash after it ${crash} is gone on with`, async () => {
    await using test = await setUp();
    const { folder, statePath, v2 } = test;
    {
      using state = await StateDir.open(folder);
      await test.fill(await state.targetFor(v2));
    }
    await Deno.rename(folder, `${statePath}/former`);
    if (index > 0) await Deno.rename(`${statePath}/next`, folder);
    if (index > 1) {
      await Deno.rename(`${statePath}/next.torrent`, `${statePath}/release.torrent`);
    }
    using state = await StateDir.open(folder);
    assert.deepEqual(await held(folder), ["v2", "v2"]);
    assert.equal(await Deno.readTextFile(`${statePath}/resume`), "journal of v2");
    assert.deepEqual(names(statePath), ["lock", "release.torrent", "resume"]);
    assert.equal((await state.targetFor(v2)).root, folder);
  });
}

Deno.test("StateDir: with the next release gone as well, the former one comes back", async () => {
  await using test = await setUp();
  const { folder, statePath } = test;
  await Deno.rename(folder, `${statePath}/former`);
  using _state = await StateDir.open(folder);
  assert.deepEqual(await held(folder), ["v1", "v1"]);
});

Deno.test("StateDir: what was begun of one release is not taken for another", async () => {
  await using test = await setUp();
  const { folder, v2 } = test;
  const v3 = await createRelease({ service: "web", version: "v3", announce: [], log: silentLog });
  using state = await StateDir.open(folder);
  const place = await state.targetFor(v2);
  await test.fill(place);
  assert.deepEqual(names((await state.targetFor(v2)).root), ["data"], "it is gone on with");
  assert.deepEqual(names((await state.targetFor(v3)).root), []);
});

Deno.test("StateDir: files of somebody else in the folder, or a link, are not swapped away", async () => {
  await using test = await setUp();
  const { folder, statePath, v2 } = test;
  using state = await StateDir.open(folder);
  await Deno.mkdir(`${folder}/sub`);
  await Deno.writeTextFile(`${folder}/sub/notes`, "mine");
  await assert.rejects(state.targetFor(v2), /there is sub\/notes; move it away/);
  await Deno.remove(`${folder}/sub`, { recursive: true });
  await Deno.rename(folder, `${folder}-real`);
  await Deno.symlink(`${folder}-real`, folder);
  await assert.rejects(state.targetFor(v2), /is a link; give the folder itself/);
  assert.deepEqual(names(statePath), ["lock", "release.torrent"]);
});

Deno.test("StateDir: one fetch at a time", async () => {
  await using test = await setUp();
  using _first = await StateDir.open(test.folder);
  await assert.rejects(StateDir.open(test.folder), /another fetch is at work there/);
});
