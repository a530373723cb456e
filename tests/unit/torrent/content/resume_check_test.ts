/** Which pieces on disk are believed, hashed again, or fetched. */

import assert from "node:assert/strict";
import { checkResume } from "../../../../torrent/content/resume_check.ts";
import { readJournal, takeReceipt } from "../../../../torrent/content/resume_journal.ts";
import { fetchSome, PIECE_BYTES, type Setting, signal, withStore } from "./stored_release.ts";

async function resume({ release, store }: Setting, boot: string) {
  const formerBytes = await store.prepare({ discard: false, signal });
  const journal = readJournal(`${store.root}.resume`, release);
  const check = await checkResume({ release, store, formerBytes, journal, boot, signal });
  return { pieces: [...check.verified], rehashedBytes: check.rehashedBytes };
}

Deno.test("checkResume: the journal of a killed process is believed in the same boot", () =>
  withStore(async (setting) => {
    const pieces = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13];
    const journal = await fetchSome(setting, { pieces, boot: "one" });
    journal.close();
    const { pieces: found, rehashedBytes } = await resume(setting, "one");
    assert.deepEqual(found, pieces);
    assert.equal(rehashedBytes, 8 * PIECE_BYTES, "a sample is hashed");
  }));

Deno.test("checkResume: after another boot, bits whose pieces did not reach the disk are found", () =>
  withStore(async (setting) => {
    const journal = await fetchSome(setting, { pieces: [1, 2, 5], boot: "one" });
    journal.close();
    setting.store.write(2 * PIECE_BYTES + 5, new Uint8Array(100));
    const { pieces, rehashedBytes } = await resume(setting, "two");
    assert.deepEqual(pieces, [1, 5]);
    assert.equal(rehashedBytes, 3 * PIECE_BYTES);
  }));

Deno.test("checkResume: a sample that does not match makes it hash everything that is claimed", () =>
  withStore(async (setting) => {
    const journal = await fetchSome(setting, { pieces: [1, 2, 5], boot: "one" });
    journal.close();
    setting.store.write(5 * PIECE_BYTES, new Uint8Array(PIECE_BYTES));
    assert.deepEqual((await resume(setting, "one")).pieces, [1, 2]);
  }));

Deno.test("checkResume: a sealed journal is believed but for files that changed since", () =>
  withStore(async (setting) => {
    const { release, store } = setting;
    const all = Array.from({ length: release.pieceCount }, (_, index) => index);
    const journal = await fetchSome(setting, { pieces: all, boot: "one" });
    const files = release.files.map((file) =>
      takeReceipt(`${store.root}/${file.path}`) ?? [-1, 0, 0] satisfies [number, number, number]
    );
    journal.seal({ synced: true, files });
    assert.deepEqual((await resume(setting, "two")).pieces, all);
    const damaged = release.files.find((file) => file.sizeBytes === 40_000);
    assert.ok(damaged !== undefined);
    const path = `${store.root}/${damaged.path}`;
    const bytes = await Deno.readFile(path);
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    await Deno.writeFile(path, bytes);
    await Deno.utime(path, new Date(5000), new Date(5000));
    const lost = Math.floor(damaged.offsetBytes / PIECE_BYTES);
    assert.deepEqual((await resume(setting, "two")).pieces, all.filter((index) => index !== lost));
  }));

Deno.test("checkResume: pieces in files that are gone are not believed", () =>
  withStore(async (setting) => {
    const { release, store } = setting;
    const all = Array.from({ length: release.pieceCount }, (_, index) => index);
    const journal = await fetchSome(setting, { pieces: all, boot: "one" });
    journal.close();
    store.close();
    await Deno.remove(store.root, { recursive: true });
    assert.deepEqual((await resume(setting, "one")).pieces, []);
  }));
