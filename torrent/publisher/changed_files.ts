/**
 * Finds files that are not as they were when they were published, a few at a time: a release has up to 200,000 of them, and the
 * process that looks has to seed meanwhile.
 *
 * @module
 */

import {
  describePublishedFile,
  type PublishedFiles,
  readPublishedFiles,
} from "./published_files.ts";

/** So many files are looked at in one turn: some milliseconds. */
const FILES_PER_TURN = 500;

/** A file that has changed, of a release. */
export interface ChangedFile {
  readonly infoHash: string;
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
  async next(infoHashes: Iterable<string>): Promise<ChangedFile[]> {
    const all = [...infoHashes];
    const changed: ChangedFile[] = [];
    const first = all.indexOf(this.#last ?? "");
    let left = FILES_PER_TURN;
    for (let turn = 0; turn < all.length && left > 0; turn++) {
      const infoHash = all[(Math.max(0, first) + turn) % all.length] ?? "";
      this.#last = infoHash;
      const looked = await this.#lookAt(infoHash, left);
      left -= looked.fileCount;
      if (looked.changed !== undefined) changed.push({ infoHash, file: looked.changed });
    }
    return changed;
  }

  async #lookAt(
    infoHash: string,
    fileCount: number,
  ): Promise<{ readonly fileCount: number; readonly changed?: string }> {
    const record = await this.#recordOf(infoHash);
    if (record === null) return { fileCount: 0 };
    const { root, files } = record;
    const from = this.#positions.get(infoHash) ?? 0;
    const turn = files.slice(from, from + fileCount);
    const next = from + turn.length;
    this.#positions.set(infoHash, next < files.length ? next : 0);
    for (const file of turn) {
      const now = await describePublishedFile(root, file.path).catch(() => null);
      if (JSON.stringify(now) === JSON.stringify(file)) continue;
      return { fileCount: turn.length, changed: file.path };
    }
    return { fileCount: turn.length };
  }

  /** What all files of a release are like now, to be compared with an earlier look. */
  async describe(infoHash: string): Promise<string> {
    const record = await this.#recordOf(infoHash);
    if (record === null) return "";
    const now = [];
    for (const { path } of record.files) {
      now.push(await describePublishedFile(record.root, path).catch(() => null));
    }
    return JSON.stringify(now);
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
