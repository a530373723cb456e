import assert from "node:assert/strict";
import { RunningCommand } from "../long_running.ts";
import { rollcall } from "../rollcall_process.ts";
import { digests, fetchJson, HERE, MIB, setUp } from "./published_release.ts";

Deno.test("rollcall seed: seeds what is right until a goal, and refuses what is not", async () => {
  await using test = await setUp(2 * MIB);
  const { folder, blob, publisher, torrentUrl } = test;
  const torrentPath = `${folder}/web.torrent`;
  await Deno.writeFile(torrentPath, await (await fetch(torrentUrl)).bytes());
  await publisher.end("SIGTERM");

  await using seeder = new RunningCommand("seed", torrentPath, blob, "--until", "1", ...HERE);
  await seeder.json();
  // What it fetches it gives to nobody: a goal in time ends it.
  const to = `${folder}/copy`;
  await fetchJson(torrentPath, "--to", to, "--until", "1ms");
  assert.deepEqual(digests(to), digests(blob));
  const { status, stdout } = await seeder.end();
  assert.equal(status, 0);
  const { seeded } = JSON.parse(stdout[0] ?? "");
  assert.ok(seeded.ratio >= 1 && seeded.sentBytes >= 2 * MIB, `ratio ${seeded.ratio}`);

  await Deno.writeTextFile(`${blob}/sub/ünïcode`, "other");
  const damaged = await rollcall("seed", torrentPath, blob);
  assert.equal(damaged.status, 1);
  assert.match(
    damaged.stderr,
    /not what was published: sub\/ünïcode: expected 70001 bytes, there were 5/,
  );
  const missing = await rollcall("seed", torrentPath, `${folder}/nothing`);
  assert.equal(missing.status, 2);
  assert.match(missing.stderr, /expected the content of the release, there is nothing/);
});
