/**
 * `rollcall coordinator`: the embedded coordinator as a process.
 *
 * @module
 */

import { Coordinator } from "../zookeeper/coordinator/mod.ts";
import { CommandError } from "./errors.ts";
import { type Log, setUpLogging } from "./logging.ts";
import { type ListenAddress } from "./options.ts";
import { writeJson, writeLine } from "./output.ts";
import { listenForStop } from "./stop_signal.ts";

/** Options of the command. */
export interface CoordinatorCommandOptions {
  readonly listen: ListenAddress;
  readonly data?: string | undefined;
  readonly json: boolean;
  readonly logLevel: "debug" | "info" | "warning" | "error";
}

/** Runs the coordinator until it is told to stop, or its storage fails. */
export async function runCoordinator(options: CoordinatorCommandOptions): Promise<void> {
  const log = await setUpLogging("coordinator", options.logLevel);
  using stop = listenForStop();
  const coordinator = await start(options, log);
  const listening = `${options.listen.hostname}:${coordinator.port}`;
  if (options.json) {
    writeJson({ listening });
  } else {
    writeLine(
      `Coordinator on ${listening}, ${
        options.data === undefined ? "in memory" : `data in ${options.data}`
      }.`,
    );
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

async function start(options: CoordinatorCommandOptions, log: Log): Promise<Coordinator> {
  const { listen, data } = options;
  try {
    return await Coordinator.listen({
      hostname: listen.hostname,
      port: listen.port,
      dataDir: data,
      log,
    });
  } catch (cause) {
    if (!(cause instanceof Deno.errors.AddrInUse)) throw cause;
    throw new CommandError(
      `coordinator: ${listen.hostname}:${listen.port} is in use; stop what listens there, or choose another --listen`,
      { cause },
    );
  }
}
