/** A release of many files with a store for its content, for the tests of what is on disk. */

import { ContentStore } from "../../../../torrent/content/content_store.ts";
import { createRelease } from "../../../../torrent/publisher/create_release.ts";
import { silentLog } from "../../../../base/log.ts";
import { PieceSet } from "../../../../torrent/content/piece_set.ts";
import { pieceSizeBytes, type Release } from "../../../../torrent/release/release.ts";
import { ResumeJournal } from "../../../../torrent/content/resume_journal.ts";

/** Of the release. */
export const PIECE_BYTES = 16384;
/** Never aborted. */
export const signal = new AbortController().signal;

/** The release, its content, and an empty store for it. */
export interface Setting {
  readonly directory: string;
  readonly content: Uint8Array;
  readonly release: Release;
  readonly store: ContentStore;
}

/** A release of 200 files, some empty, some longer than a piece, and an empty root to fetch it into. */
export async function withStore(work: (setting: Setting) => Promise<void> | void): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "rollcall-test-" });
  try {
    const chunks: Uint8Array[] = [];
    for (let index = 0; index < 200; index++) {
      const sizeBytes = index % 7 === 0 ? 0 : index % 50 === 1 ? 40_000 : index * 13;
      const bytes = new Uint8Array(sizeBytes).map((_, at) => (at * 31 + index) & 255);
      await Deno.mkdir(`${directory}/source/d${index % 5}`, { recursive: true });
      await Deno.writeFile(`${directory}/source/d${index % 5}/f${index}`, bytes);
    }
    const release = await createRelease({
      service: "web",
      version: "1.0",
      path: `${directory}/source`,
      announce: [],
      pieceLengthBytes: PIECE_BYTES,
      log: silentLog,
    });
    for (const file of release.files) {
      chunks.push(Deno.readFileSync(`${release.root}/${file.path}`));
    }
    const content = new Uint8Array(release.sizeBytes);
    for (const [index, file] of release.files.entries()) {
      content.set(chunks[index] ?? [], file.offsetBytes);
    }
    const store = new ContentStore(release, `${directory}/target`);
    await work({ directory, content, release, store });
    store.close();
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** The bytes of a piece of the content. */
export function piece({ content, release }: Setting, index: number): Uint8Array {
  const start = index * PIECE_BYTES;
  return content.subarray(start, start + pieceSizeBytes(release, index));
}

/** Writes some pieces and their journal, as a fetch does. */
export async function fetchSome(
  setting: Setting,
  options: { pieces: number[]; boot: string },
): Promise<ResumeJournal> {
  const { release, store } = setting;
  await store.prepare({ discard: false, signal });
  const journal = new ResumeJournal(`${store.root}.resume`, {
    release,
    verified: new PieceSet(release.pieceCount),
    boot: options.boot,
  });
  for (const index of options.pieces) {
    store.write(index * PIECE_BYTES, piece(setting, index));
    journal.add(index);
  }
  return journal;
}
