/**
 * A disk that is soon full, for one command alone.
 *
 * @module
 */

/** Runs a command line with a file system of 4 MiB on the folder, which the command alone sees. */
export function onSmallDisk(
  folder: string,
  command: readonly string[],
): Promise<Deno.CommandOutput> {
  const script = 'mount -t tmpfs -o size=4m tmpfs "$0" && exec "$@"';
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
    return (await onSmallDisk(folder, ["true"])).success;
  } catch {
    // There is no unshare(1) at all.
    return false;
  } finally {
    await Deno.remove(folder);
  }
}
