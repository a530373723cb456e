/**
 * The config file of one host's agent, as an operator would write it.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { MARK_VARIABLE } from "../../../../scripts/demo/marked_processes.ts";

/** What a test may say about a host's config. */
export interface HostOptions {
  /** Default `off`: keepers are processes, and most tests need none. */
  readonly pin?: "required" | "preferred" | "off";
  /** Default `leave`. */
  readonly onExit?: "leave" | "stop";
  /** How long the host waits for ZooKeeper until it starts what it ran, milliseconds. Default: the config's. */
  readonly startAloneAfter?: number;
  /** The host's name in the config, if it is another than the test's name for it. */
  readonly name?: string;
  /** Use the data folder of that host. */
  readonly dataDirOf?: string;
  /** Time between two checks of a healthy service, milliseconds. Default 100. */
  readonly healthInterval?: number;
  /** How long the drain hook takes at least, seconds. Default 0. */
  readonly drainSeconds?: number;
  /** The address that its services listen on. Default: loopback. */
  readonly hostname?: string;
  /** Further keys of each service, in place of those of the tests. */
  readonly serviceKeys?: Readonly<Record<string, unknown>>;
  /** Further keys of the config, in place of those of the tests. */
  readonly agentKeys?: Readonly<Record<string, unknown>>;
  /** The rack that it stands in. Default: the same for all. */
  readonly rack?: string;
  /** Words before the agent's command. */
  readonly wrapper?: readonly string[];
}

const SERVICE_PROGRAM = fileURLToPath(new URL("./service_program.ts", import.meta.url));

/** The switch that keeps the drain hook of every host waiting while it is on. */
export const DRAIN_SWITCH = "drain";

/** The config, to be written as YAML. */
export function agentConfig(
  options: HostOptions,
  place: {
    readonly host: string;
    readonly folder: string;
    readonly dataDir: string;
    readonly zookeeper: string;
    readonly ports: ReadonlyMap<string, number>;
    /** By it the harness finds processes to end. */
    readonly mark: string;
  },
): Record<string, unknown> {
  const { pin = "off", onExit = "leave", startAloneAfter, hostname } = options;
  const { healthInterval = 100, drainSeconds = 0, serviceKeys = {} } = options;
  const { host, folder, dataDir, zookeeper, ports, mark } = place;
  const switches = `${folder}/switches`;
  const services = [...ports].map(([service, port]) => [service, {
    command: [
      Deno.execPath(),
      "run",
      "--no-config",
      "-A",
      SERVICE_PROGRAM,
      "{blob}",
      "{version}",
      String(port),
      "{host}",
      switches,
      ...hostname === undefined ? [] : [hostname],
    ],
    env: { [MARK_VARIABLE]: mark },
    drain: [
      "sh",
      "-c",
      `sleep ${drainSeconds}; while [ -e ${switches}/${DRAIN_SWITCH} ]; do sleep 0.05; done`,
    ],
    drainTimeout: "60s",
    stopGrace: "60s",
    ...startAloneAfter === undefined ? {} : { startAloneAfter: `${startAloneAfter}ms` },
    health: { type: "http", url: `http://127.0.0.1:${port}/health`, timeout: "2s" },
    healthInterval: `${healthInterval}ms`,
    pin: { mode: pin, limit: "16M" },
    ...serviceKeys,
  }]);
  return {
    host,
    site: "site-1",
    rack: options.rack ?? "rack-1",
    zookeeper,
    sessionTimeout: "2s",
    dataDir,
    listen: "127.0.0.1:0",
    onExit,
    services: Object.fromEntries(services),
    ...options.agentKeys,
  };
}
