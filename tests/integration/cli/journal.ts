/**
 * The resume journal of a fetch as seen from outside, to know when it is in the middle.
 *
 * @module
 */

/** How many pieces a resume journal claims: bits set after its first line. */
export function verifiedPieces(journal: string): number {
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(journal);
  } catch {
    // Not begun yet.
    return 0;
  }
  const headerEnd = bytes.indexOf(0x0a) + 1;
  if (headerEnd === 0) return 0;
  const { pieces } = JSON.parse(new TextDecoder().decode(bytes.subarray(0, headerEnd)));
  let count = 0;
  for (const byte of bytes.subarray(headerEnd, headerEnd + Math.ceil(pieces / 8))) {
    for (let bit = 0; bit < 8; bit++) count += (byte >> bit) & 1;
  }
  return count;
}

/** Waits until the journal claims more pieces than that. */
export async function untilVerified(journal: string, pieces: number): Promise<void> {
  for (let looks = 0; looks < 10_000; looks++) {
    if (verifiedPieces(journal) > pieces) return;
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
  throw new Error(`expected more than ${pieces} verified pieces in ${journal}`);
}
