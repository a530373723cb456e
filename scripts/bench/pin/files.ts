/** The files of the benchmark: one large one, and many small ones in folders of 500. */

import { join } from "node:path";
import { evictFiles } from "../../../host/pinning/page_touch.ts";
import { selectFiles } from "../../../host/pinning/pin_selection.ts";

const FILES_PER_FOLDER = 500;

/** Writes so many files of 20 bytes to 8 KiB. */
export function writeSmall(folder: string, count: number): void {
  const content = crypto.getRandomValues(new Uint8Array(8192));
  for (let index = 0; index < count; index++) {
    const inner = join(folder, `${Math.floor(index / FILES_PER_FOLDER)}`);
    if (index % FILES_PER_FOLDER === 0) Deno.mkdirSync(inner, { recursive: true });
    Deno.writeFileSync(join(inner, `${index}`), content.subarray(0, 20 + index % 8172));
  }
}

/** Has all pages leave memory. Names and inodes stay there, as they do on a machine that runs. */
export async function makeCold(path: string): Promise<void> {
  const { files } = selectFiles({ paths: [path] });
  await evictFiles(files, { signal: new AbortController().signal });
}
