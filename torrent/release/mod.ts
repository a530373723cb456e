/**
 * What a release is: its .torrent read, checked and written, its pieces and its chunks. Bytes from the network pass
 * `bencode_check.ts`, `bencode_reader.ts` and `metainfo.ts` and come out as a `Release`; `chunker.ts` and `chunk_map.ts` describe content by its
 * chunks. Nothing here touches the disk or the network.
 */

export * from "./bencode_check.ts";
export * from "./bencode_reader.ts";
export * from "./chunk_map.ts";
export * from "./chunker.ts";
export * from "./metainfo.ts";
export * from "./metainfo_writer.ts";
export * from "./piece_length.ts";
export * from "./release.ts";
