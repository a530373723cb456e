/**
 * Reading a release's folder as one run of bytes, its files one after the other by name. The demo and its services both
 * read this way, so that the demo can check from outside that a service answers from its own blob.
 *
 * @module
 */

/** The file that tells one release from the next, in the root of its folder: `A v2`. */
export const VERSION_FILE = "VERSION";

/** One file of a release. */
export interface ReleaseFile {
  readonly path: string;
  readonly sizeBytes: number;
}

/** Every file below a folder, ordered by path, without what the agent keeps there for itself. */
export function listReleaseFiles(folder: string): ReleaseFile[] {
  const files: ReleaseFile[] = [];
  const collect = (path: string) => {
    for (const entry of Deno.readDirSync(path)) {
      const entryPath = `${path}/${entry.name}`;
      if (entry.isDirectory) {
        if (entry.name !== ".rollcall") collect(entryPath);
      } else if (entry.isFile) {
        files.push({ path: entryPath, sizeBytes: Deno.statSync(entryPath).size });
      }
    }
  };
  collect(folder);
  return files.sort((one, other) => (one.path < other.path ? -1 : 1));
}

/** The sum of the files' sizes. */
export function sumSizeBytes(files: readonly ReleaseFile[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** Reads a range of the release's bytes, across files; at the end it has fewer bytes than asked for. */
export function readRelease(
  files: readonly ReleaseFile[],
  range: { readonly offset: number; readonly length: number },
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(range.length);
  let filledBytes = 0;
  let fileStart = 0;
  for (const { path, sizeBytes } of files) {
    const position = range.offset + filledBytes - fileStart;
    fileStart += sizeBytes;
    if (position >= sizeBytes) continue;
    if (filledBytes === bytes.length) break;
    using file = Deno.openSync(path);
    file.seekSync(position, Deno.SeekMode.Start);
    const wantedBytes = Math.min(bytes.length - filledBytes, sizeBytes - position);
    const target = bytes.subarray(filledBytes, filledBytes + wantedBytes);
    for (let readBytes = 0; readBytes < wantedBytes;) {
      const count = file.readSync(target.subarray(readBytes));
      if (count === null) {
        throw new Error(`${path}: expected ${sizeBytes} bytes, the file is shorter`);
      }
      readBytes += count;
    }
    filledBytes += wantedBytes;
  }
  return bytes.subarray(0, filledBytes);
}
