/**
 * Short strings of ASCII out of bytes, without making those anew that were read lately: the same few hundred paths and names
 * make up nearly everything that is read. A string that is found here is also found faster in a map, since its hash is known.
 *
 * @module
 */

/** Strings that are kept: a power of two, and more than a service has hosts in most fleets. */
const KEPT_COUNT = 4_096;

/** The strings that were read last, each in the place that its bytes give it. */
export class ShortStrings {
  readonly #kept: string[] = new Array(KEPT_COUNT).fill("");

  /** The string of those bytes; `undefined` if they are not ASCII alone. */
  read(bytes: Uint8Array, start: number, sizeBytes: number): string | undefined {
    const end = start + sizeBytes;
    let hash = sizeBytes;
    let union = 0;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number;
      hash = Math.imul(hash ^ byte, 0x01000193);
      union |= byte;
    }
    if (union >= 0x80) return undefined;
    const place = (hash ^ hash >>> 15) & (KEPT_COUNT - 1);
    const kept = this.#kept[place] as string;
    if (isText(kept, bytes, start, sizeBytes)) return kept;
    const text = String.fromCharCode.apply(null, bytes.subarray(start, end) as unknown as number[]);
    this.#kept[place] = text;
    return text;
  }
}

function isText(text: string, bytes: Uint8Array, start: number, sizeBytes: number): boolean {
  if (text.length !== sizeBytes) return false;
  for (let index = 0; index < sizeBytes; index++) {
    if (text.charCodeAt(index) !== bytes[start + index]) return false;
  }
  return true;
}
