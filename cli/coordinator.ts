/**
 * `rollcall coordinator`: the embedded coordinator as a process.
 *
 * @module
 */

import { systemClock } from "../base/clock.ts";
import { reasonOf } from "../base/reason.ts";
import type { Log } from "../base/log.ts";
import { answerOnlyTo, fetchHandler, HostNames, HttpServer } from "../http/mod.ts";
import { Coordinator, type ServeHttp, StorageError } from "../zookeeper/server/mod.ts";
import { CommandError } from "./shared/errors.ts";
import { setUpLogging } from "./shared/logging.ts";
import type { ListenAddress, LogLevelName } from "./shared/options.ts";
import { writeJson, writeLine } from "./shared/output.ts";
import { listenForStop } from "./shared/stop_signal.ts";

/** Options of the command, as `rollcall coordinator --help` explains them. */
export interface CoordinatorCommandOptions {
  readonly listen: ListenAddress;
  readonly data?: string | undefined;
  readonly admin?: ListenAddress | undefined;
  readonly enforceQuota: boolean;
  readonly json: boolean;
  readonly logLevel: LogLevelName;
}

/** Runs the coordinator until it is told to stop or its storage fails. @throws {CommandError} when it cannot listen, or its storage fails. */
export async function runCoordinator(options: CoordinatorCommandOptions): Promise<void> {
  const log = await setUpLogging("coordinator", options.logLevel);
  using stop = listenForStop();
  const coordinator = await start(options, log);
  const listening = coordinator.connectString;
  const { adminUrl } = coordinator;
  if (options.json) {
    writeJson({ listening, adminUrl });
  } else {
    writeLine(
      `Coordinator on ${listening}, ${
        options.data === undefined ? "in memory" : `data in ${options.data}`
      }.`,
    );
    if (adminUrl !== undefined) writeLine(`Its page: ${adminUrl}`);
    writeLine(
      "For one machine, development and tests. Production: a ZooKeeper ensemble of three or five servers.",
    );
  }
  const failure = await Promise.race([stop.stopped.then(() => undefined), coordinator.finished]);
  await coordinator.close();
  if (failure !== undefined) {
    throw new CommandError(`coordinator: ${failure.message}`, { cause: failure });
  }
}

/** Serves the page within the limits of all HTTP here, and only to names that no stranger can have (see `HostNames`). */
function servePage({ hostname }: ListenAddress, log: Log): ServeHttp {
  const names = new HostNames([hostname]);
  return (address, handler) =>
    HttpServer.listen({
      name: "coordinator",
      ...address,
      handler: answerOnlyTo(names, "name it in --admin", fetchHandler(handler)),
      log,
      clock: systemClock,
    });
}

async function start(options: CoordinatorCommandOptions, log: Log): Promise<Coordinator> {
  const { listen, data, admin } = options;
  try {
    return await Coordinator.listen({
      hostname: listen.hostname,
      port: listen.port,
      dataDir: data,
      enforceQuota: options.enforceQuota,
      admin: admin === undefined ? undefined : { ...admin, serve: servePage(admin, log) },
      log,
    });
  } catch (cause) {
    if (cause instanceof StorageError) {
      throw new CommandError(`coordinator: ${cause.message}`, { cause });
    }
    const isInUse = cause instanceof Deno.errors.AddrInUse;
    if (!isInUse && !isAddressError(cause)) throw cause;
    const addresses = [listen, ...(admin === undefined ? [] : [admin])]
      .map(({ hostname, port }) => `${hostname}:${port}`).join(" or ");
    throw new CommandError(
      `coordinator: ${
        isInUse
          ? `${addresses} is in use; stop what listens there, or`
          : `it cannot listen on ${addresses}: ${reasonOf(cause)};`
      } choose another --listen${admin === undefined ? "" : " or --admin"}`,
      { cause },
    );
  }
}

/** An address that is not this machine's, a port that this user may not have, a name that nobody knows. */
function isAddressError(error: unknown): error is Error {
  return error instanceof Deno.errors.AddrNotAvailable ||
    error instanceof Deno.errors.PermissionDenied ||
    // A name that cannot be resolved has no class of its own.
    (error instanceof Error && /lookup address|cannot assign/i.test(error.message));
}
