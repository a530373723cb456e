/** Reading journals that are damaged, cut short, or of another release. */

import assert from "node:assert/strict";
import { readJournal } from "../../../../torrent/content/resume_journal.ts";
import { fetchSome, withStore } from "./stored_release.ts";

Deno.test("readJournal: damaged, truncated and foreign journals claim nothing", () =>
  withStore(async (setting) => {
    const { release, store, directory } = setting;
    const journal = await fetchSome(setting, { pieces: [1], boot: "one" });
    journal.close();
    const path = `${store.root}.resume`;
    const bytes = await Deno.readFile(path);
    const other = { ...release, infoHash: "f".repeat(40) };
    assert.equal(readJournal(path, other), undefined);
    assert.equal(readJournal(`${directory}/missing`, release), undefined);
    for (let length = 0; length < bytes.length; length++) {
      await Deno.writeFile(path, bytes.subarray(0, length));
      assert.equal(readJournal(path, release), undefined, `${length} bytes`);
    }
    await Deno.writeFile(path, new Uint8Array([...bytes, 0x7b]));
    assert.equal(readJournal(path, release)?.seal, undefined, "half a seal is none");
  }));
