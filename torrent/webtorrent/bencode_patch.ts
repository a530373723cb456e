/**
 * Patches a defect of the package bencode 4.0.1 for the whole process: its decoder follows a string of negative length
 * backwards, reads the same again, and loops until memory is full. WebTorrent decodes a peer's extension handshake with it
 * before the engine sees the connection, so the package itself has to be patched. What Rollcall decodes itself is checked
 * by `bencode_check.ts` before.
 */

import bencode from "bencode";

/** The decoder keeps its state in properties of the function, and calls its parts through them. */
interface Decoder {
  data: Uint8Array | null;
  position: number;
  buffer(): unknown;
}

let isPatched = false;

/** Makes the decoder throw where it would loop or read past the end. Doing it again changes nothing. */
export function patchBencode(): void {
  if (isPatched) return;
  isPatched = true;
  const decoder = bencode.decode as unknown as Decoder;
  const readString = decoder.buffer;
  decoder.buffer = () => {
    const before = decoder.position;
    const value = readString();
    if (decoder.position <= before || decoder.position > (decoder.data?.length ?? 0)) {
      throw new Error("decode bencode: expected a string within the data, its length leaves it");
    }
    return value;
  };
}
