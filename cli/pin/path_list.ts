/**
 * Paths from a list, as `find` writes them (`--batch`).
 *
 * @module
 */

import { reasonOf } from "../../base/reason.ts";
import { UsageError } from "../shared/errors.ts";

/** The longest list that is read: a million paths of 64 characters. */
const LIST_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Reads the list.
 *
 * @param source a file; `-` is standard input.
 * @param options whether a NUL byte ends each path, and not the end of its line.
 * @throws {UsageError} when it cannot be read, or is too long.
 */
export async function readPathList(
  source: string,
  { endsInNul }: { readonly endsInNul: boolean },
): Promise<string[]> {
  const chunks: string[] = [];
  let sizeBytes = 0;
  try {
    const stream = source === "-" ? Deno.stdin.readable : (await Deno.open(source)).readable;
    for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
      sizeBytes += chunk.length;
      if (sizeBytes > LIST_BYTES_MAX) throw new Error(`it is longer than ${LIST_BYTES_MAX} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw new UsageError(`pin: read the list ${source}: ${reasonOf(error)}`);
  }
  return chunks.join("").split(endsInNul ? "\0" : "\n").filter((path) => path !== "");
}
