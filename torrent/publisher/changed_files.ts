/**
 * Finds files that are not as they were when they were published, a few at a time: a release has up to 200,000 of them, and the
 * process that looks has to seed meanwhile.
 *
 * @module
 */

import { hasChanged, type PublishedFiles, readPublishedFiles } from "./published_files.ts";

/** So many files are looked at in one turn: some milliseconds. */
const FILES_PER_TURN = 500;

/** A file that has changed, of a release. */
export interface ChangedFile {
  readonly infoHash: string;
  /** What the release's files were like. */
  readonly published: PublishedFiles;
  /** Relative to the root. */
  readonly file: string;
}

/** The files of a feed's releases, in turn. */
export class ChangedFiles {
  readonly #feedDir: string;
  /** What the files of each release were like. */
  readonly #records = new Map<string, PublishedFiles>();
  /** The next file to look at, of each release. */
  readonly #positions = new Map<string, number>();
  /** The release that was looked at last. */
  #last: string | undefined;

  constructor(feedDir: string) {
    this.#feedDir = feedDir;
  }

  /** What was known of a release is read anew. */
  forget(infoHash: string): void {
    this.#records.delete(infoHash);
    this.#positions.delete(infoHash);
  }

  /** Looks at the next files of these releases; of each the first that has changed. */
  async next(infoHashes: readonly string[]): Promise<ChangedFile[]> {
    const changed: ChangedFile[] = [];
    // One of which some files are left is gone on with; else it is the next one's turn.
    const isUnfinished = (this.#positions.get(this.#last ?? "") ?? 0) > 0;
    const first = infoHashes.indexOf(this.#last ?? "") + (isUnfinished ? 0 : 1);
    let left = FILES_PER_TURN;
    for (let turn = 0; turn < infoHashes.length && left > 0; turn++) {
      const infoHash = infoHashes[(Math.max(0, first) + turn) % infoHashes.length] ?? "";
      this.#last = infoHash;
      const published = await this.#recordOf(infoHash);
      if (published === null) continue;
      const { root, files } = published;
      const from = this.#positions.get(infoHash) ?? 0;
      const part = files.slice(from, from + left);
      left -= part.length;
      const next = from + part.length;
      this.#positions.set(infoHash, next < files.length ? next : 0);
      for (const file of part) {
        if (!await hasChanged(root, file)) continue;
        changed.push({ infoHash, published, file: file.path });
        break;
      }
    }
    return changed;
  }

  async #recordOf(infoHash: string): Promise<PublishedFiles | null> {
    const known = this.#records.get(infoHash);
    if (known !== undefined) return known;
    const record = await readPublishedFiles(this.#feedDir, infoHash);
    // Where there is none, it may still be written: the release is handed over first.
    if (record !== null) this.#records.set(infoHash, record);
    return record;
  }
}
