/** Temporary files and folders for the tests of `ffi/`. */

import { join } from "node:path";

export const MEBIBYTE = 1024 * 1024;

/** A folder that is removed afterwards. */
export async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "rollcall_" });
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A file of that size, filled with sevens, that is removed afterwards. */
export async function withFile(
  sizeBytes: number,
  use: (path: string) => Promise<void> | void,
): Promise<void> {
  await withFolder(async (folder) => {
    const path = join(folder, "file");
    await Deno.writeFile(path, new Uint8Array(sizeBytes).fill(7));
    await use(path);
  });
}
