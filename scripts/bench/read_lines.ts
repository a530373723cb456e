/**
 * Reads a stream line by line, as the processes of a benchmark answer.
 *
 * @module
 */

/** The lines of a stream, without their ends. What has no end yet when the stream is over is left out. */
export async function* readLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
