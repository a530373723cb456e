/**
 * Starts a service: ends what an instance before it has left behind, has a process wait at its gate, gives it its limits,
 * records it, and only then lets its program begin. So whatever fails before, nothing runs; and whatever runs has a record.
 *
 * @module
 */

import { randomUUID } from "node:crypto";
import { type Clock, systemClock } from "../../base/clock.ts";
import { reasonOf } from "../../base/reason.ts";
import { HostError } from "../errors.ts";
import { type GatedChild, spawnGated } from "./gated_spawn.ts";
import { bootId, identify } from "./process_table.ts";
import { serviceEnvironment } from "./service_environment.ts";
import { limitCommands, type ServiceResources, setOomScore } from "./service_limits.ts";
import {
  DetachedService,
  endLeftOvers,
  findRecorded,
  type ServiceProcess,
} from "./service_process.ts";
import { digestSettings, type ServiceSettings } from "./service_settings.ts";
import {
  INSTANCE_VARIABLE,
  removeServiceRecord,
  type ServiceRecord,
  writeServiceRecord,
} from "./service_record.ts";
import { findServiceUser, type ServiceUser } from "./service_user.ts";

/** How {@linkcode startService} starts a service. `user` takes root, see service_user.ts. */
export interface StartServiceOptions extends ServiceSettings, ServiceResources {
  /** Standard output and error are appended to it. */
  logPath: string;
  /** Where the process is recorded, for `adoptService`; one file per service. */
  recordPath: string;
  /** The version that runs, kept in the record. */
  version: string;
  /** The restart that it is started by, kept in the record. Default: none. */
  restart?: string | undefined;
  clock?: Clock;
}

/**
 * Starts a service in a session and process group of its own. Children that an instance before it
 * has left behind (and that may hold its port) are ended first.
 *
 * @throws {HostError} `SERVICE_RUNNING` when the record names a process of the service that lives,
 *   `SERVICE_STOP_FAILED` when left-over children cannot be ended, `SERVICE_START_FAILED` when the program
 *   or cwd is not there or may not be run, or not by that user, when its limits cannot be given, or the record
 *   cannot be written. Nothing of it runs then.
 */
export async function startService(options: StartServiceOptions): Promise<ServiceProcess> {
  const { recordPath, version, argv, clock = systemClock } = options;
  const user = orExplain(options, () => findServiceUser(options));
  const running = findRecorded(recordPath, { logPath: options.logPath });
  if (running !== null) {
    throw new HostError("SERVICE_RUNNING", {
      message: `start ${argv[0]}: expected no instance of the service, but pid ` +
        `${running.identity.pid} (version ${running.record.version}) runs; adopt or stop it first`,
    });
  }
  await endLeftOvers(recordPath, clock);
  const instance = randomUUID();
  const child = await spawnOrExplain(options, { instance, user, clock });
  // Read at once: as long as this process has not reaped it, even a dead child keeps its entry.
  const identity = identify(child.pid) ?? { pid: child.pid, startTimeTicks: -1, bootId: bootId() };
  const record: ServiceRecord = {
    instance,
    version,
    ...(options.restart === undefined ? {} : { restart: options.restart }),
    argv: [...argv],
    settings: digestSettings(options, instance),
    startedAt: clock.wallTimeMs(),
    ...identity,
  };
  try {
    setOomScore(child.pid, options);
    writeServiceRecord(recordPath, record);
  } catch (error) {
    await child.close();
    throw explained(options, error);
  }
  try {
    await child.open();
  } catch (error) {
    removeServiceRecord(recordPath);
    throw explained(options, error);
  }
  return new DetachedService({ record, identity, recordPath, clock, child, isOurs: true });
}

async function spawnOrExplain(
  options: StartServiceOptions,
  { instance, user, clock }: { instance: string; user: ServiceUser | null; clock: Clock },
): Promise<GatedChild> {
  try {
    return await spawnGated({
      argv: options.argv,
      cwd: options.cwd,
      env: {
        ...serviceEnvironment(Deno.env.toObject(), user),
        ...options.env,
        [INSTANCE_VARIABLE]: instance,
      },
      logPath: options.logPath,
      user: user ?? undefined,
      before: limitCommands(options),
    }, clock);
  } catch (error) {
    throw explained(options, error);
  }
}

function orExplain<Value>(options: StartServiceOptions, find: () => Value): Value {
  try {
    return find();
  } catch (error) {
    throw explained(options, error);
  }
}

function explained({ argv, cwd }: StartServiceOptions, cause: unknown): HostError {
  const reason = reasonOf(cause);
  return new HostError("SERVICE_START_FAILED", {
    message: `start ${argv[0]} in ${cwd}: ${reason}`,
    cause,
  });
}
