/** Writes the .torrent files (BEP 3) of releases; `metainfo.ts` reads them and says what is in them. */

import { Buffer } from "node:buffer";
import bencode from "bencode";
import { outlineBencode } from "./bencode_check.ts";
import { CHUNK_MAP_KEY, type ChunkMap, encodeChunkMap } from "./chunk_map.ts";
import { MANIFEST_SCHEMA } from "./metainfo.ts";
import type { ReleaseFile } from "./release.ts";

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

/** The same .torrent with other trackers, which the info hash does not cover. Everything else stays as it is, byte for byte. */
export function withTrackers(metainfo: Uint8Array, announce: readonly string[]): Uint8Array {
  const entries = new Map<string, Uint8Array>();
  for (const [key, { start, end }] of outlineBencode(metainfo)?.entries ?? []) {
    entries.set(key, metainfo.subarray(start, end));
  }
  const [first] = announce;
  entries.delete("announce");
  entries.delete("announce-list");
  if (first !== undefined) {
    entries.set("announce", bencode.encode(first));
    entries.set("announce-list", bencode.encode(announce.map((url) => [url])));
  }
  const encoded = [...entries].map(([key, value]) => ({ key: Buffer.from(key), value }))
    .sort((left, right) => Buffer.compare(left.key, right.key))
    .flatMap(({ key, value }) => [Buffer.from(`${key.length}:`), key, value]);
  return new Uint8Array(Buffer.concat([Buffer.from("d"), ...encoded, Buffer.from("e")]));
}
