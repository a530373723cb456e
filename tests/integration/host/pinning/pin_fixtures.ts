/** A small release on disk, and the keeper that the tests of `host/pinning/` start for it. */

import { join } from "node:path";
import { releasePin, type StartPinOptions } from "../../../../host/mod.ts";
import { projectPath, withFolder } from "../support.ts";

export const MEBIBYTE = 1024 * 1024;

/** The command that runs a keeper. */
export const KEEPER = [Deno.execPath(), "run", "-A", projectPath("host/pinning/keeper_main.ts")];

/** A release of three files, an empty one and one in a folder among them: 2 MiB and 5 bytes. */
export async function makeRelease(folder: string): Promise<StartPinOptions> {
  const root = join(folder, "release");
  await Deno.mkdir(join(root, "sub"), { recursive: true });
  await Deno.writeFile(join(root, "blob"), new Uint8Array(2 * MEBIBYTE).fill(1));
  await Deno.writeFile(join(root, "sub", "small"), new Uint8Array(5));
  await Deno.writeFile(join(root, "empty"), new Uint8Array());
  await Deno.symlink("blob", join(root, "link"));
  return {
    command: KEEPER,
    root,
    statusPath: join(folder, "pin.json"),
    limitBytes: 100 * MEBIBYTE,
  };
}

/** The bytes in the files of {@linkcode makeRelease}. */
export const TOTAL_BYTES = 2 * MEBIBYTE + 5;

/** A release that is gone afterwards, as is the keeper of its status file. */
export async function withRelease(
  use: (options: StartPinOptions, folder: string) => Promise<void>,
) {
  await withFolder(async (folder) => {
    const options = await makeRelease(folder);
    try {
      await use(options, folder);
    } finally {
      await releasePin(options.statusPath);
    }
  });
}

/** `VmLck` of a process, in bytes. */
export function lockedBytesOf(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(status.match(/^VmLck:\s+(\d+) kB$/m)?.[1]) * 1024;
}
