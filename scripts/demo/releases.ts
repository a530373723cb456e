/**
 * Makes the releases that the demo publishes: folders with a VERSION file beside the user's own blob or random bytes. Two
 * versions never share an info hash, since their VERSION files differ.
 *
 * @module
 */

import { randomFillSync } from "node:crypto";
import { basename } from "node:path";
import { DemoError } from "./deadlines.ts";
import { type ServiceName, SERVICES } from "./fleet_layout.ts";
import {
  listReleaseFiles,
  type ReleaseFile,
  sumSizeBytes,
  VERSION_FILE,
} from "./release_content.ts";

/** The version that is installed first, and the one that is rolled out. */
export const VERSIONS = ["v1", "v2"] as const;
/** One of the two versions. */
export type Version = (typeof VERSIONS)[number];

/** A release on the build machine's disk. */
export interface DemoRelease {
  readonly service: ServiceName;
  readonly version: Version;
  readonly folder: string;
  readonly files: readonly ReleaseFile[];
  readonly sizeBytes: number;
}

/** The content of the releases. */
export interface BlobSource {
  /** The user's file or folder; `null`: random bytes. */
  readonly blobPath: string | null;
  /** The size of a blob of random bytes. */
  readonly blobSizeBytes: number;
}

/** Makes both versions of both services below a folder. Rejects with the signal's reason when that is aborted. */
export async function makeReleases(
  folder: string,
  { signal, ...source }: BlobSource & { readonly signal: AbortSignal },
): Promise<DemoRelease[]> {
  const releases: DemoRelease[] = [];
  for (const version of VERSIONS) {
    for (const service of SERVICES) {
      releases.push(
        await makeRelease({ service, version, folder: `${folder}/${service}-${version}` }),
      );
    }
  }
  return releases;

  async function makeRelease(
    { service, version, folder }: Pick<DemoRelease, "service" | "version" | "folder">,
  ): Promise<DemoRelease> {
    await Deno.mkdir(`${folder}/blob`, { recursive: true });
    await Deno.writeTextFile(`${folder}/${VERSION_FILE}`, `${service} ${version}\n`);
    if (source.blobPath === null) {
      await makeUpBlob(`${folder}/blob`, { sizeBytes: source.blobSizeBytes, signal });
    } else {
      await takeBlob(await Deno.realPath(source.blobPath), { target: `${folder}/blob`, signal });
    }
    const files = listReleaseFiles(folder);
    return { service, version, folder, files, sizeBytes: sumSizeBytes(files) };
  }
}

/** Writes random bytes, which can be neither compressed nor shared: most of them in one file, some in a smaller one. */
async function makeUpBlob(folder: string, { sizeBytes, signal }: NoiseOptions): Promise<void> {
  const smallBytes = Math.floor(sizeBytes / 8);
  await writeNoise(`${folder}/index.bin`, { sizeBytes: smallBytes, signal });
  await writeNoise(`${folder}/model.bin`, { sizeBytes: sizeBytes - smallBytes, signal });
}

interface NoiseOptions {
  readonly sizeBytes: number;
  readonly signal: AbortSignal;
}

async function writeNoise(path: string, { sizeBytes, signal }: NoiseOptions): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  const chunk = new Uint8Array(Math.min(sizeBytes, 1024 * 1024));
  for (let leftBytes = sizeBytes; leftBytes > 0;) {
    signal.throwIfAborted();
    const part = chunk.subarray(0, Math.min(leftBytes, chunk.length));
    randomFillSync(part);
    for (let written = 0; written < part.length;) {
      written += await file.write(part.subarray(written));
    }
    leftBytes -= part.length;
  }
}

/**
 * Puts the user's file or folder below a folder: hard-linked where that is possible, else copied. Links to files are
 * followed; links to folders and whatever is no regular file are left out.
 */
async function takeBlob(
  source: string,
  { target, signal }: { readonly target: string; readonly signal: AbortSignal },
): Promise<void> {
  const { isDirectory } = await Deno.stat(source);
  if (!isDirectory) {
    await takeFile(source, `${target}/${basename(source)}`);
    return;
  }
  const takeFolder = async (from: string, to: string): Promise<void> => {
    await Deno.mkdir(to, { recursive: true });
    for await (const entry of Deno.readDir(from)) {
      signal.throwIfAborted();
      const path = `${from}/${entry.name}`;
      if (entry.isDirectory) await takeFolder(path, `${to}/${entry.name}`);
      else if (entry.isFile || await isLinkToFile(path)) {
        await takeFile(path, `${to}/${entry.name}`);
      }
    }
  };
  // The folder would be copied into itself.
  if (`${target}/`.startsWith(`${source}/`)) {
    throw new DemoError(
      `--blob ${source}: expected a folder that does not hold the temporary folder ${target}; ` +
        "set TMPDIR to a folder elsewhere",
    );
  }
  await takeFolder(source, target);
}

async function isLinkToFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then(({ isFile }) => isFile, () => false);
}

async function takeFile(from: string, to: string): Promise<void> {
  const real = await Deno.realPath(from);
  await Deno.link(real, to).catch(async () => {
    // The target is on another file system, or on one without hard links.
    await Deno.copyFile(real, to);
  });
}
