/**
 * Reads the .torrent files (BEP 3) of releases. The manifest (service, version, the SHA-256 of every file) is in the info
 * dictionary under the key "rollcall", so that the info hash covers it. What is read here came over a network and is trusted
 * only after every check has passed.
 */

import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { z } from "zod";
import { type ByteRange, outlineBencode } from "./bencode_check.ts";
import { readBytes, readDictionary, readInteger, readList, readText } from "./bencode_reader.ts";
import { ReleaseError } from "../errors.ts";
import { MAX_PIECE_LENGTH_BYTES } from "./piece_length.ts";
import type { Release, ReleaseFile } from "./release.ts";

/** The largest .torrent, enough for 200,000 files with long names; a larger one is refused unread. */
export const MAX_METAINFO_BYTES = 32 * 1024 * 1024;

/** The most files of a release; more would not fit into the largest .torrent. It bounds every loop over files. */
export const MAX_FILES = 200_000;

/** The longest path; together with a root before it, it stays below what file systems accept. */
const MAX_PATH_BYTES = 1024;
/** The longest name in a path (NAME_MAX). */
const MAX_NAME_BYTES = 255;
/** The most names in a path, as deep as folders are nested. */
const MAX_PATH_NAMES = 64;
/** The most trackers of a release; more than anybody runs. */
const MAX_TRACKERS = 16;
/** The longest URL of a tracker. */
const MAX_TRACKER_URL_LENGTH = 2048;
const SHA1_BYTES = 20;
const SHA256_BYTES = 32;
const BLOCK_BYTES = 16 * 1024;
/** The form of the "rollcall" dictionary; a later incompatible form gets another number. */
export const MANIFEST_SCHEMA = 1;

/**
 * A service's or version's name. It becomes the name of directories and ZooKeeper nodes, hence it has only letters, digits
 * and `._+-`, begins with a letter or digit, and has at most 128 characters.
 */
export const releaseNameSchema = z.string().regex(
  /^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/,
  "expected a letter or digit, then at most 127 letters, digits or any of . _ + -",
);

/** How a .torrent is read. */
export interface ReadReleaseOptions {
  /** The info hash that the .torrent must have, 40 hexadecimal digits. It is compared first. Default: any. */
  readonly expectInfoHash?: string | undefined;
}

/**
 * Reads an untrusted .torrent. Throws a {@link ReleaseError} "invalid_metainfo" for another info hash than expected, bencode
 * that is malformed or not canonical, a missing manifest, a torrent that is not private, paths that are absolute, leave the
 * root or collide, and sizes that do not add up to the pieces. It takes memory for the release alone, whatever else is in
 * the .torrent.
 */
export function readRelease(metainfo: Uint8Array, options: ReadReleaseOptions = {}): Release {
  if (metainfo.length > MAX_METAINFO_BYTES) {
    throw invalid(`expected at most ${MAX_METAINFO_BYTES} bytes, there were ${metainfo.length}`);
  }
  const outline = outlineBencode(metainfo);
  const infoRange = outline?.entries.get("info");
  if (outline === undefined || outline.sizeBytes !== metainfo.length || infoRange === undefined) {
    throw invalid("expected one canonical bencoded dictionary with an info dictionary");
  }
  const infoBytes = metainfo.subarray(infoRange.start, infoRange.end);
  const infoHash = createHash("sha1").update(infoBytes).digest("hex");
  const { expectInfoHash = infoHash } = options;
  if (infoHash !== expectInfoHash) {
    throw invalid(`expected info hash ${expectInfoHash}, there was ${infoHash}`);
  }
  try {
    const info = new DictionaryReader(metainfo, infoRange, "info");
    return {
      ...readContent(info),
      infoHash,
      announce: readTrackers(metainfo, outline.entries),
      metainfo,
    };
  } catch (cause) {
    // What is longer than anything that a release has.
    if (cause instanceof RangeError) throw invalid(cause.message, cause);
    throw cause;
  }
}

/** The values of one dictionary of a .torrent; what is missing or of another kind is refused by its name. */
class DictionaryReader {
  readonly #metainfo: Uint8Array;
  readonly #entries: ReadonlyMap<string, ByteRange>;
  readonly #name: string;

  constructor(metainfo: Uint8Array, range: ByteRange, name: string) {
    const entries = readDictionary(metainfo, range);
    if (entries === undefined) throw invalid(`expected a dictionary as ${name}`);
    this.#metainfo = metainfo;
    this.#entries = entries;
    this.#name = name;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** A whole number from 0 on, exact as a number of JavaScript. */
  count(key: string): number {
    const value = this.#read(key, readInteger);
    if (value === undefined || value < 0) throw this.#wrong(key, "a whole number from 0 on");
    return value;
  }

  bytes(key: string): Uint8Array {
    const value = this.#read(key, readBytes);
    if (value === undefined) throw this.#wrong(key, "a string");
    return value;
  }

  text(key: string): string {
    const value = this.#read(key, readText);
    if (value === undefined) throw this.#wrong(key, "text in UTF-8");
    return value;
  }

  dictionary(key: string): DictionaryReader {
    const range = this.#entries.get(key);
    if (range === undefined) throw this.#wrong(key, "a dictionary");
    return new DictionaryReader(this.#metainfo, range, `${this.#name}.${key}`);
  }

  /** The dictionaries in a list, one after the other. */
  *dictionaries(key: string, maxItems: number): Generator<DictionaryReader> {
    const range = this.#entries.get(key);
    if (range === undefined) throw this.#wrong(key, "a list");
    const items = readList(this.#metainfo, range, maxItems, `${this.#name}.${key}`);
    for (const item of items) {
      yield new DictionaryReader(this.#metainfo, item, `an item of ${this.#name}.${key}`);
    }
  }

  /** The texts in a list. */
  texts(key: string, maxItems: number): string[] {
    const range = this.#entries.get(key);
    if (range === undefined) throw this.#wrong(key, "a list");
    const items = readList(this.#metainfo, range, maxItems, `${this.#name}.${key}`);
    return Array.from(items, (item) => {
      const text = readText(this.#metainfo, item);
      if (text === undefined) throw this.#wrong(key, "a list of texts in UTF-8");
      return text;
    });
  }

  #read<Value>(
    key: string,
    read: (bytes: Uint8Array, range: ByteRange) => Value | undefined,
  ): Value | undefined {
    const range = this.#entries.get(key);
    return range === undefined ? undefined : read(this.#metainfo, range);
  }

  #wrong(key: string, expected: string): ReleaseError {
    return invalid(`expected ${expected} as ${this.#name}.${key}`);
  }
}

function readContent(info: DictionaryReader): Omit<Release, "infoHash" | "announce" | "metainfo"> {
  // The likeliest cause of all, so it is looked at first: the torrents of other tools lack other things as well.
  if (!info.has("rollcall")) {
    throw new ReleaseError(
      "invalid_metainfo",
      "read .torrent: it was not made by rollcall publish: it has no manifest, by which files are verified and agents know " +
        "the service. Publish the content with rollcall publish, or fetch this torrent with the client that it is from.",
    );
  }
  const pieceLengthBytes = info.count("piece length");
  if (
    pieceLengthBytes < BLOCK_BYTES || pieceLengthBytes > MAX_PIECE_LENGTH_BYTES * 4 ||
    pieceLengthBytes % BLOCK_BYTES !== 0
  ) {
    throw invalid(
      `expected a multiple of ${BLOCK_BYTES} up to ${
        MAX_PIECE_LENGTH_BYTES * 4
      } as info.piece length, ` +
        `there was ${pieceLengthBytes}`,
    );
  }
  if (info.count("private") !== 1) throw invalid("expected 1 as info.private");
  const manifest = info.dictionary("rollcall");
  const schema = manifest.count("schema");
  if (schema !== MANIFEST_SCHEMA) {
    throw invalid(`expected ${MANIFEST_SCHEMA} as info.rollcall.schema, there was ${schema}`);
  }
  const files = readFiles(info, manifest.bytes("sha256"));
  const last = files.at(-1);
  const sizeBytes = last === undefined ? 0 : last.offsetBytes + last.sizeBytes;
  if (!Number.isSafeInteger(sizeBytes)) throw invalid("the files' sizes add up to too much");
  const pieceCount = Math.ceil(sizeBytes / pieceLengthBytes);
  const pieceHashes = info.bytes("pieces");
  if (pieceHashes.length !== pieceCount * SHA1_BYTES) {
    throw invalid(
      `expected ${pieceCount} piece hashes for ${sizeBytes} bytes, ` +
        `there were ${pieceHashes.length / SHA1_BYTES}`,
    );
  }
  return {
    service: readName(manifest, "service"),
    version: readName(manifest, "version"),
    sizeBytes,
    files,
    pieceLengthBytes,
    pieceCount,
    pieceHashes,
  };
}

function readName(manifest: DictionaryReader, key: "service" | "version"): string {
  const checked = releaseNameSchema.safeParse(manifest.text(key));
  if (!checked.success) throw invalid(`info.rollcall.${key}: ${checked.error.issues[0]?.message}`);
  return checked.data;
}

function readFiles(info: DictionaryReader, sha256: Uint8Array): ReleaseFile[] {
  const name = info.text("name");
  if (info.has("length") === info.has("files")) {
    throw invalid("expected either a length or a list of files");
  }
  const files: ReleaseFile[] = [];
  let offsetBytes = 0;
  const add = (file: DictionaryReader, names: readonly string[]) => {
    const problem = describePathProblem(names);
    if (problem !== undefined) {
      throw invalid(`unsafe path ${JSON.stringify(shortened(names.join("/")))}: ${problem}`);
    }
    const sizeBytes = file.count("length");
    const start = files.length * SHA256_BYTES;
    files.push({
      path: names.join("/"),
      sizeBytes,
      offsetBytes,
      sha256: Buffer.from(sha256.subarray(start, start + SHA256_BYTES)).toString("hex"),
      executable: file.has("attr") && file.text("attr").includes("x"),
    });
    offsetBytes += sizeBytes;
  };
  if (info.has("length")) add(info, [name]);
  else {
    for (const file of info.dictionaries("files", MAX_FILES)) {
      const names = file.texts("path", MAX_PATH_NAMES);
      if (names.length === 0) throw invalid("expected at least one name in a file's path");
      add(file, names);
    }
  }
  if (sha256.length !== files.length * SHA256_BYTES) {
    throw invalid(
      `expected ${files.length} SHA-256 in the manifest, ` +
        `there were ${sha256.length / SHA256_BYTES}`,
    );
  }
  refuseCollisions(files);
  return files;
}

/** What is wrong with names that shall become a path below a root; undefined if nothing is. */
export function describePathProblem(names: readonly string[]): string | undefined {
  const encoder = new TextEncoder();
  let pathBytes = 0;
  for (const name of names) {
    if (name === "" || name === "." || name === "..") return "empty, . or .. as a name";
    // deno-lint-ignore no-control-regex -- control characters are what is looked for
    if (/[/\\\u0000-\u001f\u007f]/.test(name)) return "a slash, backslash or control character";
    // A directory listing shows this character in place of bytes that are no UTF-8.
    if (name.includes("\ufffd")) return "a name that is not UTF-8";
    const nameBytes = encoder.encode(name).length;
    if (nameBytes > MAX_NAME_BYTES) return `a name of more than ${MAX_NAME_BYTES} bytes`;
    pathBytes += nameBytes + 1;
  }
  return pathBytes > MAX_PATH_BYTES ? `more than ${MAX_PATH_BYTES} bytes` : undefined;
}

function refuseCollisions(files: readonly ReleaseFile[]): void {
  const paths = new Set<string>();
  for (const { path } of files) {
    if (paths.has(path)) throw invalid(`the path ${JSON.stringify(path)} is there twice`);
    paths.add(path);
  }
  for (const { path } of files) {
    for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) {
      if (paths.has(path.slice(0, at))) {
        throw invalid(`${JSON.stringify(path.slice(0, at))} is both a file and a folder`);
      }
    }
  }
}

function readTrackers(
  metainfo: Uint8Array,
  entries: ReadonlyMap<string, ByteRange>,
): string[] {
  const read = (range: ByteRange) => {
    const url = readText(metainfo, range);
    if (url === undefined || url.length > MAX_TRACKER_URL_LENGTH || !URL.canParse(url)) {
      throw invalid(`expected the URL of a tracker, there was ${shortened(url)}`);
    }
    return url;
  };
  const trackers = new Set<string>();
  const [single, list] = [entries.get("announce"), entries.get("announce-list")];
  if (list !== undefined) {
    for (const tier of readList(metainfo, list, MAX_TRACKERS, "announce-list")) {
      for (const range of readList(metainfo, tier, MAX_TRACKERS, "a tier of announce-list")) {
        trackers.add(read(range));
      }
    }
  }
  if (trackers.size === 0 && single !== undefined) trackers.add(read(single));
  if (trackers.size > MAX_TRACKERS) throw invalid(`more than ${MAX_TRACKERS} trackers`);
  return [...trackers];
}

/** Of what a stranger has written, as much as an error message should repeat. */
function shortened(text: string | undefined): string {
  if (text === undefined) return "no text";
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

function invalid(detail: string, cause?: unknown): ReleaseError {
  return new ReleaseError(
    "invalid_metainfo",
    `read .torrent: ${detail}. Publish the release again, or look whether this is one of Rollcall's.`,
    { cause },
  );
}
