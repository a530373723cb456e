/**
 * Reads and writes the .torrent files (BEP 3) of releases. The manifest (service, version, the SHA-256 of every file) is in
 * the info dictionary under the key "rollcall", so that the info hash covers it. What is read here came over a network and
 * is trusted only after every check has passed.
 */

import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import bencode from "bencode";
import { z } from "zod";
import { outlineBencode } from "./bencode_check.ts";
import { CHUNK_MAP_KEY, type ChunkMap, encodeChunkMap } from "./chunk_map.ts";
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
/** The most trackers of a release; more than anybody runs. */
const MAX_TRACKERS = 16;
const SHA1_BYTES = 20;
const SHA256_BYTES = 32;
const BLOCK_BYTES = 16 * 1024;
/** The form of the "rollcall" dictionary; a later incompatible form gets another number. */
const MANIFEST_SCHEMA = 1;

/**
 * A service's or version's name. It becomes the name of directories and ZooKeeper nodes, hence it has only letters, digits
 * and `._+-`, begins with a letter or digit, and has at most 128 characters.
 */
export const releaseNameSchema = z.string().regex(
  /^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/,
  "expected a letter or digit, then at most 127 letters, digits or any of . _ + -",
);

const bytesSchema = z.instanceof(Uint8Array);
const textSchema = bytesSchema.transform((bytes, context) => {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    context.addIssue({ code: "custom", message: "expected text in UTF-8" });
    return z.NEVER;
  }
});
const sizeSchema = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);

const infoSchema = z.object({
  name: textSchema,
  "piece length": z.number().int().min(BLOCK_BYTES).max(MAX_PIECE_LENGTH_BYTES * 4)
    .refine((value) => value % BLOCK_BYTES === 0, "expected a multiple of 16384"),
  pieces: bytesSchema,
  private: z.literal(1),
  length: sizeSchema.optional(),
  attr: textSchema.optional(),
  files: z.array(z.object({
    length: sizeSchema,
    path: z.array(textSchema).min(1).max(64),
    attr: textSchema.optional(),
  })).max(MAX_FILES).optional(),
  rollcall: z.object({
    schema: z.literal(MANIFEST_SCHEMA),
    service: textSchema.pipe(releaseNameSchema),
    version: textSchema.pipe(releaseNameSchema),
    sha256: bytesSchema,
  }),
});

const metainfoSchema = z.object({
  info: infoSchema,
  announce: textSchema.optional(),
  "announce-list": z.array(z.array(textSchema)).max(MAX_TRACKERS).optional(),
});

/** What goes into the .torrent of a release. */
export interface MetainfoParts {
  readonly service: string;
  readonly version: string;
  /** "file": one file directly in the root; "folder": any number of files under relative paths. */
  readonly layout: "file" | "folder";
  readonly files: readonly Omit<ReleaseFile, "offsetBytes">[];
  readonly pieceLengthBytes: number;
  readonly pieceHashes: Uint8Array;
  readonly announce: readonly string[];
  /** Outside of the info dictionary, so that it does not change the info hash. */
  readonly createdBy: string;
  /** Outside of the info dictionary too. It is read by `readChunkMap`. Default: no map. */
  readonly chunks?: ChunkMap | undefined;
}

/** The bytes of a .torrent. Its info hash does not depend on trackers, creator and chunks. */
export function encodeMetainfo(parts: MetainfoParts): Uint8Array {
  const sha256 = Buffer.from(parts.files.map((file) => file.sha256).join(""), "hex");
  const only = parts.layout === "file" ? parts.files[0] : undefined;
  const content = only === undefined
    ? {
      name: `${parts.service}-${parts.version}`,
      files: parts.files.map((file) => ({
        ...(file.executable ? { attr: "x" } : {}),
        length: file.sizeBytes,
        path: file.path.split("/"),
      })),
    }
    : {
      ...(only.executable ? { attr: "x" } : {}),
      name: only.path,
      length: only.sizeBytes,
    };
  const firstTracker = parts.announce[0];
  return bencode.encode({
    ...(firstTracker === undefined
      ? {}
      : { announce: firstTracker, "announce-list": parts.announce.map((url) => [url]) }),
    "created by": parts.createdBy,
    info: {
      ...content,
      "piece length": parts.pieceLengthBytes,
      pieces: parts.pieceHashes,
      private: 1,
      rollcall: {
        schema: MANIFEST_SCHEMA,
        service: parts.service,
        sha256: new Uint8Array(sha256),
        version: parts.version,
      },
    },
    ...(parts.chunks === undefined ? {} : { [CHUNK_MAP_KEY]: encodeChunkMap(parts.chunks) }),
  });
}

/**
 * Reads an untrusted .torrent. Throws a {@link ReleaseError} "invalid_metainfo" for bencode that is malformed or not
 * canonical, a missing manifest, a torrent that is not private, paths that are absolute, leave the root or collide, and
 * sizes that do not add up to the pieces.
 */
export function readRelease(metainfo: Uint8Array): Release {
  if (metainfo.length > MAX_METAINFO_BYTES) {
    throw invalid(`expected at most ${MAX_METAINFO_BYTES} bytes, there were ${metainfo.length}`);
  }
  const outline = outlineBencode(metainfo);
  const infoRange = outline?.entries.get("info");
  if (outline === undefined || outline.sizeBytes !== metainfo.length || infoRange === undefined) {
    throw invalid("expected one canonical bencoded dictionary with an info dictionary");
  }
  const parsed = metainfoSchema.safeParse(bencode.decode(metainfo));
  if (!parsed.success) {
    throw invalid(z.prettifyError(parsed.error), parsed.error);
  }
  const { info } = parsed.data;
  const files = readFiles(info);
  const last = files.at(-1);
  const sizeBytes = last === undefined ? 0 : last.offsetBytes + last.sizeBytes;
  if (!Number.isSafeInteger(sizeBytes)) throw invalid("the files' sizes add up to too much");
  const pieceLengthBytes = info["piece length"];
  const pieceCount = Math.ceil(sizeBytes / pieceLengthBytes);
  if (info.pieces.length !== pieceCount * SHA1_BYTES) {
    throw invalid(
      `expected ${pieceCount} piece hashes for ${sizeBytes} bytes, ` +
        `there were ${info.pieces.length / SHA1_BYTES}`,
    );
  }
  const infoBytes = metainfo.subarray(infoRange.start, infoRange.end);
  return {
    service: info.rollcall.service,
    version: info.rollcall.version,
    infoHash: createHash("sha1").update(infoBytes).digest("hex"),
    sizeBytes,
    files,
    pieceLengthBytes,
    pieceCount,
    pieceHashes: info.pieces,
    announce: readTrackers(parsed.data),
    metainfo,
  };
}

function readFiles(info: z.infer<typeof infoSchema>): ReleaseFile[] {
  if ((info.length === undefined) === (info.files === undefined)) {
    throw invalid("expected either a length or a list of files");
  }
  const entries = info.files ??
    [{ length: info.length ?? 0, path: [info.name], attr: info.attr }];
  const { sha256 } = info.rollcall;
  if (sha256.length !== entries.length * SHA256_BYTES) {
    throw invalid(
      `expected ${entries.length} SHA-256 in the manifest, ` +
        `there were ${sha256.length / SHA256_BYTES}`,
    );
  }
  let offsetBytes = 0;
  const files = entries.map((entry, index): ReleaseFile => {
    const problem = describePathProblem(entry.path);
    if (problem !== undefined) {
      throw invalid(`unsafe path ${JSON.stringify(entry.path.join("/"))}: ${problem}`);
    }
    const start = index * SHA256_BYTES;
    const file = {
      path: entry.path.join("/"),
      sizeBytes: entry.length,
      offsetBytes,
      sha256: Buffer.from(sha256.subarray(start, start + SHA256_BYTES)).toString("hex"),
      executable: entry.attr?.includes("x") ?? false,
    };
    offsetBytes += entry.length;
    return file;
  });
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

function readTrackers(metainfo: z.infer<typeof metainfoSchema>): string[] {
  const listed = metainfo["announce-list"]?.flat() ?? [];
  const all = listed.length > 0 || metainfo.announce === undefined ? listed : [metainfo.announce];
  const trackers = [...new Set(all)];
  for (const url of trackers) {
    if (!URL.canParse(url)) throw invalid(`expected the URL of a tracker, there was ${url}`);
  }
  if (trackers.length > MAX_TRACKERS) throw invalid(`more than ${MAX_TRACKERS} trackers`);
  return trackers;
}

function invalid(detail: string, cause?: unknown): ReleaseError {
  return new ReleaseError(
    "invalid_metainfo",
    `read .torrent: ${detail}. Publish the release again, or look whether this is one of Rollcall's.`,
    { cause },
  );
}
