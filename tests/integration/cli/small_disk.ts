/**
 * A disk that is full, for one command alone.
 *
 * @module
 */

/** How large the disk is, and when there is room on it. */
export interface SmallDisk {
  readonly sizeMib: number;
  /** All but this is taken by the file `filler`. Default 2 MiB. */
  readonly freeBytes?: number;
  /** How many files and folders it can hold, one for itself and one for the filler. Default: enough. */
  readonly inodes?: number;
  /** The filler is there until then. Default: until the command removes it. */
  readonly freedAfterSeconds?: number;
}

const MIB = 1024 * 1024;

/** Runs a command line with such a file system on the folder, which the command alone sees. */
export function onSmallDisk(
  folder: string,
  { sizeMib, freeBytes = 2 * MIB, inodes, freedAfterSeconds }: SmallDisk,
  command: readonly string[],
): Promise<Deno.CommandOutput> {
  const script = [
    `mount -t tmpfs -o size=${sizeMib}m${
      inodes === undefined ? "" : `,nr_inodes=${inodes}`
    } tmpfs "$0"`,
    `head -c ${sizeMib * MIB - freeBytes} /dev/zero > "$0/filler"`,
    ...freedAfterSeconds === undefined ? [] : [
      // Its output must not keep the pipes open that the command's end is seen by.
      `{ (sleep ${freedAfterSeconds}; rm "$0/filler") > /dev/null 2>&1 & }`,
    ],
    'exec "$@"',
  ].join(" && ");
  return new Deno.Command("unshare", {
    args: ["--map-root-user", "--mount", "sh", "-c", script, folder, ...command],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
}

/** Some machines let nobody but root mount anything, not even for itself. */
export async function canMount(): Promise<boolean> {
  const folder = await Deno.makeTempDir();
  try {
    return (await onSmallDisk(folder, { sizeMib: 3, freedAfterSeconds: 0 }, ["true"])).success;
  } catch {
    // There is no unshare(1) at all.
    return false;
  } finally {
    await Deno.remove(folder);
  }
}
