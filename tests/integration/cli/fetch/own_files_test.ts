/** What `rollcall fetch --to DIR` finds in DIR and may not touch. */

import assert from "node:assert/strict";
import { rollcall } from "../rollcall_process.ts";
import { fetchJson, HERE, MIB, PATIENCE, setUp } from "./published_release.ts";

/** The release has `big`, `empty` and `sub/ünïcode`. */
const CASES: readonly {
  readonly name: string;
  readonly found: RegExp;
  /** Puts something into the folder; returns the path of a file that must stay as it is. */
  readonly put: (folder: string, outside: string) => Promise<string>;
}[] = [
  {
    name: "a file of the user's under a name of the release",
    found: /nothing at big, .* another file of that name/,
    async put(folder) {
      await Deno.writeTextFile(`${folder}/big`, "mine");
      return `${folder}/big`;
    },
  },
  {
    name: "a hard link to a file elsewhere",
    found: /nothing at big, .* a hard link/,
    async put(folder, outside) {
      await Deno.writeTextFile(outside, "mine");
      await Deno.link(outside, `${folder}/big`);
      return outside;
    },
  },
  {
    name: "a symbolic link to a file elsewhere",
    found: /nothing at big, .* a link/,
    async put(folder, outside) {
      await Deno.writeTextFile(outside, "mine");
      await Deno.symlink(outside, `${folder}/big`);
      return outside;
    },
  },
  {
    name: "a symbolic link to a folder elsewhere",
    found: /nothing at sub, .* a link/,
    async put(folder, outside) {
      await Deno.mkdir(outside);
      await Deno.writeTextFile(`${outside}/ünïcode`, "mine");
      await Deno.symlink(outside, `${folder}/sub`);
      return `${outside}/ünïcode`;
    },
  },
];

Deno.test("rollcall fetch --to: what is not its own is neither overwritten nor written through", async () => {
  await using test = await setUp(MIB);
  for (const [index, { name, found, put }] of CASES.entries()) {
    const folder = `${test.folder}/to${index}`;
    await Deno.mkdir(folder);
    const path = await put(folder, `${test.folder}/outside${index}`);
    const { status, stderr } = await rollcall(
      ...["fetch", test.publisher.feedUrl, "--to", folder, ...PATIENCE, ...HERE],
    );
    assert.equal(status, 1, `${name}: ${stderr}`);
    assert.match(stderr, found, name);
    assert.equal(await Deno.readTextFile(path), "mine", name);
  }
});

Deno.test("rollcall fetch --to: content that is right already is taken as it is, and its own is repaired", async () => {
  await using test = await setUp(MIB);
  const folder = `${test.folder}/copied`;
  await Deno.mkdir(folder);
  await Deno.copyFile(`${test.blob}/big`, `${folder}/big`);
  const first = await fetchJson(test.publisher.feedUrl, "--to", folder);
  assert.equal(first.verified, true);
  assert.ok(first.resumedBytes >= MIB, `${first.resumedBytes} bytes were there`);
  await Deno.writeTextFile(`${folder}/big`, "damaged");
  assert.equal(
    (await fetchJson(test.publisher.feedUrl, "--to", folder, "--rehash")).verified,
    true,
  );
  await Deno.link(`${folder}/big`, `${test.folder}/kept`);
  await Deno.truncate(`${folder}/big`, 10);
  const { status, stderr } = await rollcall(
    ...["fetch", test.publisher.feedUrl, "--to", folder, "--rehash", ...PATIENCE, ...HERE],
  );
  assert.equal(status, 1, stderr);
  assert.match(stderr, /a hard link/);
  assert.equal((await Deno.stat(`${test.folder}/kept`)).size, 10);
});
