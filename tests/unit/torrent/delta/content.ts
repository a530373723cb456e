/** Content for the tests of reuse, and releases made of it. */

import { createCipheriv, createHash } from "node:crypto";
import {
  createRelease,
  type CreateReleaseOptions,
} from "../../../../torrent/publisher/create_release.ts";
import { silentLog } from "../../../../base/log.ts";

/** Bytes that look random, the same for the same seed. */
export function noise(sizeBytes: number, seed: number): Uint8Array<ArrayBuffer> {
  const key = createHash("sha256").update(`noise ${seed}`).digest();
  const cipher = createCipheriv("aes-256-ctr", key, new Uint8Array(16));
  const bytes = new Uint8Array(cipher.update(new Uint8Array(sizeBytes)));
  cipher.final();
  return bytes;
}

export function join(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Files below a folder of their own. */
export async function writeFiles(
  folder: string,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<string> {
  for (const [path, bytes] of Object.entries(files)) {
    const full = `${folder}/${path}`;
    await Deno.mkdir(full.slice(0, full.lastIndexOf("/")), { recursive: true });
    await Deno.writeFile(full, bytes);
  }
  return folder;
}

/** Writes the files and makes a release of them. */
export async function release(
  folder: string,
  files: Readonly<Record<string, Uint8Array>>,
  options: Partial<CreateReleaseOptions> & { version: string },
) {
  return await createRelease({
    service: "web",
    announce: [],
    log: silentLog,
    path: await writeFiles(folder, files),
    ...options,
  });
}
