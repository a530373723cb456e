/**
 * What the files of a release were like when it was published: it is seeded from where they lie, so whoever changes them
 * takes the seed away from the fleet, and every host bans it for wrong bytes. Kept beside the place of the content:
 *
 *     <feed>/roots/<infoHash>.files.json
 *
 * @module
 */

import { join } from "node:path";
import { z } from "zod";
import { readFile } from "../../base/bounded_read.ts";

const fileSchema = z.object({
  path: z.string(),
  sizeBytes: z.number(),
  mtimeMs: z.number(),
  inode: z.number(),
});

const recordSchema = z.object({
  service: z.string(),
  version: z.string(),
  root: z.string(),
  files: z.array(fileSchema),
});

type PublishedFile = z.output<typeof fileSchema>;

/** What the files of a release were like when it was published. */
export type PublishedFiles = z.output<typeof recordSchema>;

/** The largest record: a release has 200,000 files at most. */
const MAX_RECORD_BYTES = 256 * 1024 * 1024;

/** A published release whose files have changed since. */
export interface ChangedRelease {
  readonly service: string;
  readonly version: string;
  readonly root: string;
  /** One of the files, relative to the root. */
  readonly file: string;
}

/** Notes what the files of a release are like. */
export async function recordPublishedFiles(
  feedDir: string,
  release: {
    readonly infoHash: string;
    readonly service: string;
    readonly version: string;
    readonly root: string;
    readonly files: readonly { readonly path: string }[];
  },
): Promise<void> {
  const { infoHash, service, version, root } = release;
  const files: PublishedFile[] = [];
  for (const { path } of release.files) files.push(await describe(root, path));
  const path = recordPath(feedDir, infoHash);
  await Deno.writeTextFile(`${path}.new`, JSON.stringify({ service, version, root, files }));
  await Deno.rename(`${path}.new`, path);
}

/** What they were like; `null` if that is not known, as of releases of earlier versions. */
export function readPublishedFiles(
  feedDir: string,
  infoHash: string,
): Promise<PublishedFiles | null> {
  return readRecord(recordPath(feedDir, infoHash));
}

/** Forgets them, for a release that is not seeded any more. */
export async function forgetPublishedFiles(feedDir: string, infoHash: string): Promise<void> {
  await Deno.remove(recordPath(feedDir, infoHash)).catch(ignoreMissing);
}

/**
 * A release of another version that is seeded from the same file or folder, or from one within it or around it, and whose
 * files are not as they were published; null if there is none. `path` is what is to be published as `version` of `service`.
 */
export async function findChangedInPlace(
  feedDir: string,
  { path, service, version }: {
    readonly path: string;
    readonly service: string;
    readonly version: string;
  },
): Promise<ChangedRelease | null> {
  const real = await Deno.realPath(path).catch(ignoreMissing);
  if (real === undefined) return null;
  const isFolder = (await Deno.stat(real)).isDirectory;
  for await (const { name } of Deno.readDir(join(feedDir, "roots"))) {
    if (!name.endsWith(".files.json")) continue;
    const record = await readRecord(join(feedDir, "roots", name));
    // The same version again is for the feed to refuse, if its content is another.
    if (record === null || record.service === service && record.version === version) continue;
    const { root } = record;
    const sharing = record.files.filter((file) => {
      const at = `${root}/${file.path}`;
      return isFolder ? at.startsWith(`${real}/`) : at === real;
    });
    for (const file of sharing) {
      if (await hasChanged(root, file)) {
        return { service: record.service, version: record.version, root, file: file.path };
      }
    }
  }
  return null;
}

async function readRecord(path: string): Promise<PublishedFiles | null> {
  try {
    const text = new TextDecoder().decode(await readFile(path, MAX_RECORD_BYTES));
    return recordSchema.parse(JSON.parse(text));
  } catch {
    // Damaged, or gone in this moment: nothing is known of that release.
    return null;
  }
}

/** Whether a file is gone, or not as it was. */
export async function hasChanged(root: string, file: PublishedFile): Promise<boolean> {
  const now = await describe(root, file.path).catch(() => null);
  return JSON.stringify(now) !== JSON.stringify(file);
}

/** What all files of a release are like now, to be compared with an earlier look. */
export async function describeAll({ root, files }: PublishedFiles): Promise<string> {
  const now = [];
  for (const { path } of files) now.push(await describe(root, path).catch(() => null));
  return JSON.stringify(now);
}

async function describe(root: string, path: string): Promise<PublishedFile> {
  const { size, mtime, ino } = await Deno.stat(`${root}/${path}`);
  return { path, sizeBytes: size, mtimeMs: mtime?.getTime() ?? 0, inode: ino ?? 0 };
}

function recordPath(feedDir: string, infoHash: string): string {
  return join(feedDir, "roots", `${infoHash}.files.json`);
}

function ignoreMissing(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
