/**
 * `rollcall coordinator backup`: a copy of a coordinator's data, which may be in use.
 *
 * @module
 */

import { backUp, StorageError } from "../zookeeper/server/mod.ts";
import { CommandError } from "./shared/errors.ts";
import { formatBytes } from "./shared/format.ts";
import { writeJson, writeLine } from "./shared/output.ts";

/** Options of the command, as `rollcall coordinator backup --help` explains them. */
export interface CoordinatorBackupOptions {
  readonly data: string;
  readonly json: boolean;
}

/** Makes the copy and says what is in it. @throws {CommandError} when it cannot be made. */
export async function runCoordinatorBackup(
  file: string,
  options: CoordinatorBackupOptions,
): Promise<void> {
  try {
    const { nodes, lastZxid, sizeBytes } = await backUp(options.data, file);
    const zxid = `0x${lastZxid.toString(16)}`;
    if (options.json) writeJson({ file, nodes, lastZxid: zxid, sizeBytes });
    else writeLine(`${file}: ${nodes} nodes up to zxid ${zxid}, ${formatBytes(sizeBytes)}.`);
  } catch (cause) {
    if (!(cause instanceof StorageError)) throw cause;
    throw new CommandError(`coordinator backup: ${cause.message}`, { cause });
  }
}
