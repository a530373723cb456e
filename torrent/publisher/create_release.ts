/**
 * Makes a release's .torrent from a file, a folder, or nothing (a pure restart). The content is read once: the SHA-1 of
 * every piece, the SHA-256 of every file and the chunk map are made in the same pass, since a second pass over 200 GiB
 * would take as long again. The page cache is left as it was.
 */

import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import {
  chooseChunkAverage,
  choosePieceLength,
  ChunkMapMaker,
  describePathProblem,
  encodeMetainfo,
  isChunked,
  readRelease,
  type Release,
  releaseNameSchema,
} from "../release/mod.ts";
import {
  describeModes,
  type FoundFile,
  isExecutable,
  ownMode,
  unpublishable,
  walkContent,
} from "./content_walk.ts";
import { ResidentPages } from "../content/mod.ts";
import { ReleaseError, systemErrorCode } from "../errors.ts";
import type { Log } from "../../base/log.ts";

/** What is read at once: large enough that the calls cost little, small enough to stay in the processor's cache. */
const READ_BYTES = 1024 * 1024;

/** What to publish. */
export interface CreateReleaseOptions {
  /** Letters, digits and `._+-`. */
  readonly service: string;
  /** Letters, digits and `._+-`. */
  readonly version: string;
  /** A file or a folder. Default: the release is empty, a pure restart. */
  readonly path?: string;
  /** The announce URLs, in order of preference; no others are ever added. */
  readonly announce: readonly string[];
  /** Default: chosen by size, 64 KiB to 16 MiB. A power of two of at least 16 KiB. */
  readonly pieceLengthBytes?: number;
  /**
   * Whether the .torrent gets a chunk map, by which hosts find what they already have of the content. The info hash does
   * not cover it. It halves the speed where the processor is the limit. Default: true.
   */
  readonly chunkMap?: boolean;
  /** The creator in the .torrent, which the info hash does not cover. Default "rollcall". */
  readonly createdBy?: string;
  readonly log: Log;
  /** Called after every read with the bytes that were read so far, and how many there are in all. */
  readonly onProgress?: (readBytes: number, totalBytes: number) => void;
  readonly signal?: AbortSignal;
}

/** A release and where its content lies. */
export interface CreatedRelease extends Release {
  /** The `root` to seed from: the folder itself, or the folder that holds the single file. */
  readonly root: string;
  /** What of the folder is not part of the release, in words for people. */
  readonly notKept: readonly string[];
}

/** The files of what is to be published. */
export interface Content {
  readonly layout: "file" | "folder";
  readonly root: string;
  readonly files: readonly FoundFile[];
  readonly notKept: readonly string[];
}

/**
 * Creates a release. The same service, version and content always give the same info hash. Rejects with a
 * {@link ReleaseError}: "unpublishable" for what cannot be part of a release (symbolic links, sockets, unreadable files),
 * "changed_while_reading", "aborted".
 */
export async function createRelease(options: CreateReleaseOptions): Promise<CreatedRelease> {
  for (
    const [what, name] of [["service", options.service], ["version", options.version]] as const
  ) {
    const checked = releaseNameSchema.safeParse(name);
    if (!checked.success) {
      throw unpublishable(name, `not the name of a ${what}: ${checked.error.issues[0]?.message}`);
    }
  }
  const content = await findContent(options.path);
  const totalBytes = content.files.reduce((sum, file) => sum + file.sizeBytes, 0);
  const pieceLengthBytes = options.pieceLengthBytes ?? choosePieceLength(totalBytes);
  const hasher = new PieceHasher(pieceLengthBytes);
  const chunkAverageBytes = chooseChunkAverage(totalBytes);
  const chunks = options.chunkMap === false ? undefined : new ChunkMapMaker(chunkAverageBytes);
  const files = [];
  const pages = new ResidentPages();
  let readBytes = 0;
  for (const file of content.files) {
    const sha256 = await hashFile(content.root, file, {
      hasher,
      pages,
      chunks: isChunked(file, chunkAverageBytes) ? chunks : undefined,
      signal: options.signal,
      onChunk: (chunkBytes) => {
        readBytes += chunkBytes;
        options.onProgress?.(readBytes, totalBytes);
      },
    });
    files.push({ ...file, sha256 });
  }
  const metainfo = encodeMetainfo({
    service: options.service,
    version: options.version,
    layout: content.layout,
    files,
    pieceLengthBytes,
    pieceHashes: hasher.finish(),
    announce: options.announce,
    createdBy: options.createdBy ?? "rollcall",
    chunks: chunks?.finish(),
  });
  // It is read back, so that nothing is published that the hosts would refuse.
  const release = readRelease(metainfo);
  options.log.info("created {service} {version}: {files} files, {sizeBytes} bytes, {infoHash}", {
    service: release.service,
    version: release.version,
    files: release.files.length,
    sizeBytes: release.sizeBytes,
    infoHash: release.infoHash,
  });
  return { ...release, root: content.root, notKept: content.notKept };
}

/** Finds the files of what is to be published, and where they lie. @throws {ReleaseError} as {@link createRelease}. */
export async function findContent(path: string | undefined): Promise<Content> {
  if (path === undefined) return { layout: "folder", root: "", files: [], notKept: [] };
  let root: string;
  let info: Deno.FileInfo;
  try {
    // A symbolic link that the operator names is followed; links inside the content are refused.
    root = await Deno.realPath(path);
    info = await Deno.stat(root);
  } catch (cause) {
    const code = systemErrorCode(cause) ?? "unknown";
    throw unpublishable(path, `expected a file or a folder that can be read (${code})`, cause);
  }
  if (info.isDirectory) {
    const { files, notKept } = await walkContent(root);
    // Most likely the build has put it somewhere else; a release without data is asked for by giving no path.
    if (files.length === 0) throw unpublishable(path, "expected at least one file in the folder");
    return { layout: "folder", root, files, notKept };
  }
  if (!info.isFile) throw unpublishable(path, "neither a file nor a folder");
  const slash = root.lastIndexOf("/");
  const name = root.slice(slash + 1);
  const problem = describePathProblem([name]);
  if (problem !== undefined) throw unpublishable(path, `its name has ${problem}`);
  const file = { path: name, sizeBytes: info.size, executable: isExecutable(info) };
  const folder = slash === 0 ? "/" : root.slice(0, slash);
  const notKept = describeModes(ownMode(name, info));
  return { layout: "file", root: folder, files: [file], notKept };
}

interface HashFileOptions {
  readonly hasher: PieceHasher;
  readonly pages: ResidentPages;
  /** Undefined if the file is too small to be cut. */
  readonly chunks: ChunkMapMaker | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onChunk: (chunkBytes: number) => void;
}

async function hashFile(root: string, file: FoundFile, options: HashFileOptions): Promise<string> {
  let handle: Deno.FsFile;
  try {
    handle = await Deno.open(`${root}/${file.path}`, { read: true });
  } catch (cause) {
    throw unpublishable(file.path, `cannot be read (${systemErrorCode(cause)})`, cause);
  }
  using opened = handle;
  const before = await opened.stat();
  const path = `${root}/${file.path}`;
  options.pages.note(path, file.sizeBytes);
  const hash = createHash("sha256");
  const buffer = new Uint8Array(Math.min(READ_BYTES, Math.max(1, file.sizeBytes)));
  const trail = options.pages.trail(path);
  let sizeBytes = 0;
  for (;;) {
    if (options.signal?.aborted) {
      throw new ReleaseError("aborted", "create release: stopped by the caller", {
        cause: options.signal.reason,
      });
    }
    const read = await opened.read(buffer);
    if (read === null) break;
    const chunk = buffer.subarray(0, read);
    hash.update(chunk);
    options.hasher.update(chunk);
    options.chunks?.update(chunk);
    sizeBytes += read;
    options.onChunk(read);
    await trail.advance(read);
  }
  await trail.end();
  options.chunks?.endFile();
  const after = await opened.stat();
  if (sizeBytes !== file.sizeBytes || before.mtime?.getTime() !== after.mtime?.getTime()) {
    throw new ReleaseError(
      "changed_while_reading",
      `create release: ${file.path} changed while it was read; publish from a folder at rest`,
      { path: file.path },
    );
  }
  return hash.digest("hex");
}

/** Makes the SHA-1 of every piece of a stream of bytes. */
class PieceHasher {
  readonly #pieceLengthBytes: number;
  readonly #digests: Uint8Array[] = [];
  #hash = createHash("sha1");
  #filledBytes = 0;

  constructor(pieceLengthBytes: number) {
    this.#pieceLengthBytes = pieceLengthBytes;
  }

  update(chunk: Uint8Array): void {
    let rest = chunk;
    while (rest.length > 0) {
      const part = rest.subarray(0, this.#pieceLengthBytes - this.#filledBytes);
      this.#hash.update(part);
      this.#filledBytes += part.length;
      rest = rest.subarray(part.length);
      if (this.#filledBytes === this.#pieceLengthBytes) this.#endPiece();
    }
  }

  finish(): Uint8Array {
    if (this.#filledBytes > 0) this.#endPiece();
    return new Uint8Array(Buffer.concat(this.#digests));
  }

  #endPiece(): void {
    this.#digests.push(this.#hash.digest());
    this.#hash = createHash("sha1");
    this.#filledBytes = 0;
  }
}
