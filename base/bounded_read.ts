/**
 * Reads whole files and bodies with a limit: nothing that the program reads in one piece is without an end, whoever wrote
 * it, and be it `/dev/zero`.
 *
 * @module
 */

/** A source has more bytes than its reader takes. */
export class TooLargeError extends Error {
  override readonly name = "TooLargeError";

  constructor(maxBytes: number) {
    super(`expected at most ${maxBytes} bytes, there were more`);
  }
}

/**
 * Reads a stream to its end. Rejects with a {@link TooLargeError} as soon as there is more than `maxBytes`; the rest is
 * cancelled then.
 */
export async function readStream(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  // Leaving the loop early cancels the stream.
  for await (const chunk of stream) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) throw new TooLargeError(maxBytes);
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(sizeBytes);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Reads a file, a pipe or a device to its end, as {@link readStream} does. Rejects with the system's errors, too. */
export async function readFile(path: string, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  // The stream closes the file.
  const { readable } = await Deno.open(path, { read: true });
  return await readStream(readable, maxBytes);
}
