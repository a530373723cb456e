/**
 * As much of elf(5) as tells a program for one processor from one for another, and what `deno compile` has put into it: a
 * section of its own, or, up to some version before 2.9, what follows the end of the program.
 *
 * @module
 */

/** What the header of a program says. */
export interface ElfImage {
  /** `e_machine`: 62 is x86-64, 183 is arm64. */
  readonly machine: number;
  /** Where the program ends; what comes after it was appended. */
  readonly endOffset: number;
  /** Size of the section that `deno compile` adds; it lies before the end. */
  readonly compiledBytes: number;
}

const MAGIC = [0x7f, 0x45, 0x4c, 0x46];
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const HEADER_BYTES = 64;
/** A section that takes no room in the file. */
const SHT_NOBITS = 8;
/** The section that `deno compile` adds, named after the library that writes it. */
const COMPILED_SECTION = ".note.sui";

/** Reads the header; `null`: no 64-bit little-endian ELF file, or one that is cut off. */
export function readElf(bytes: Uint8Array): ElfImage | null {
  if (bytes.length < HEADER_BYTES || MAGIC.some((byte, index) => bytes[index] !== byte)) {
    return null;
  }
  if (bytes[4] !== CLASS_64 || bytes[5] !== LITTLE_ENDIAN) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const machine = view.getUint16(0x12, true);
  const tableOffset = Number(view.getBigUint64(0x28, true));
  const entryBytes = view.getUint16(0x3a, true);
  const entriesCount = view.getUint16(0x3c, true);
  let endOffset = tableOffset + entryBytes * entriesCount;
  if (endOffset > bytes.length) return null;
  const namesEntry = tableOffset + entryBytes * view.getUint16(0x3e, true);
  const namesOffset = entriesCount === 0 ? 0 : Number(view.getBigUint64(namesEntry + 0x18, true));
  let compiledBytes = 0;
  for (let index = 0; index < entriesCount; index++) {
    const entry = tableOffset + entryBytes * index;
    if (view.getUint32(entry + 0x04, true) === SHT_NOBITS) continue;
    const offset = Number(view.getBigUint64(entry + 0x18, true));
    const sizeBytes = Number(view.getBigUint64(entry + 0x20, true));
    endOffset = Math.max(endOffset, offset + sizeBytes);
    const name = namesOffset + view.getUint32(entry, true);
    if (hasName(bytes, name, COMPILED_SECTION)) compiledBytes += sizeBytes;
  }
  return endOffset > bytes.length ? null : { machine, endOffset, compiledBytes };
}

/** Whether that name stands at an offset of the table of names, with the zero that ends it. */
function hasName(bytes: Uint8Array, offset: number, name: string): boolean {
  const found = bytes.subarray(offset, offset + name.length + 1);
  return new TextDecoder("latin1").decode(found) === `${name}\0`;
}
