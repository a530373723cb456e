/** Programs as small as they can be, for the tests of what looks at programs. */

const HEADER_BYTES = 64;

/** An ELF file for a processor, with text in a section of some name, and something appended. */
export function elfImage(
  { machine = 62, section = ".text", text = "", appended = "" }: {
    readonly machine?: number;
    readonly section?: string;
    readonly text?: string;
    readonly appended?: string;
  } = {},
): Uint8Array<ArrayBuffer> {
  const content = new TextEncoder().encode(text);
  const names = new TextEncoder().encode(`\0${section}\0`);
  const entryBytes = 64;
  const tableOffset = HEADER_BYTES;
  const namesOffset = tableOffset + 2 * entryBytes;
  const contentOffset = namesOffset + names.length;
  const tail = new TextEncoder().encode(appended);
  const bytes = new Uint8Array(contentOffset + content.length + tail.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(0x12, machine, true);
  view.setBigUint64(0x28, BigInt(tableOffset), true);
  view.setUint16(0x3a, entryBytes, true);
  view.setUint16(0x3c, 2, true);
  view.setUint16(0x3e, 1, true);
  // One section holds the text, the other the names.
  view.setUint32(tableOffset, 1, true);
  view.setUint32(tableOffset + 0x04, 1, true);
  view.setBigUint64(tableOffset + 0x18, BigInt(contentOffset), true);
  view.setBigUint64(tableOffset + 0x20, BigInt(content.length), true);
  view.setUint32(tableOffset + entryBytes + 0x04, 3, true);
  view.setBigUint64(tableOffset + entryBytes + 0x18, BigInt(namesOffset), true);
  view.setBigUint64(tableOffset + entryBytes + 0x20, BigInt(names.length), true);
  bytes.set(names, namesOffset);
  bytes.set(content, contentOffset);
  bytes.set(tail, contentOffset + content.length);
  return bytes;
}
