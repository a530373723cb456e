/**
 * Writes the files that a user would write: each agent's config, and the plan of a rollout. Pure.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { type DemoHost, type ServiceName, SERVICES } from "./fleet_layout.ts";
import { MARK_VARIABLE } from "./marked_processes.ts";
import type { Version } from "./releases.ts";

const SERVICE_PROGRAM = fileURLToPath(new URL("./service.ts", import.meta.url));

/** What an agent's config depends on. */
export interface AgentConfigFacts {
  readonly host: DemoHost;
  readonly zookeeper: string;
  readonly dataFolder: string;
  readonly workFolder: string;
  /** The port of each service on this host. */
  readonly ports: Readonly<Record<ServiceName, number>>;
  readonly mark: string;
  /** The largest release, for the limit of what may be locked. */
  readonly releaseBytes: number;
}

/** The config of one agent, as YAML. */
export function writeAgentConfig(place: AgentConfigFacts): string {
  const { host, zookeeper, dataFolder, ports } = place;
  return stringify({
    host: host.name,
    site: host.site,
    rack: host.rack,
    zookeeper,
    // Shorter than an operator would set it, so that a killed agent is noticed soon; long enough for two busy processors.
    sessionTimeout: "6s",
    dataDir: dataFolder,
    listen: "127.0.0.1:0",
    // The demo leaves nothing behind; on a real host an agent leaves its services running.
    onExit: "stop",
    services: Object.fromEntries(SERVICES.map((service) => [service, {
      command: serviceCommand(place, service),
      env: { [MARK_VARIABLE]: place.mark },
      stopGrace: "3s",
      health: { type: "http", url: `http://127.0.0.1:${ports[service]}/health` },
      // Not every user may lock memory. The table at the end shows how much was locked.
      pin: { mode: "preferred", limit: limitFor(place.releaseBytes) },
    }])),
  });
}

function serviceCommand({ workFolder, ports }: AgentConfigFacts, service: ServiceName): string[] {
  const command = [
    Deno.execPath(),
    "run",
    "--no-config",
    "--allow-net=127.0.0.1",
    `--allow-read=${workFolder}`,
    SERVICE_PROGRAM,
    "--service={service}",
    "--version={version}",
    "--host={host}",
    "--blob={blob}",
    `--port=${ports[service]}`,
  ];
  if (service === "B") command.push(`--needs=http://127.0.0.1:${ports.A}`);
  return command;
}

/** The limit on locked memory: twice the release, since files are locked in whole pages, and 1 GiB to spare. */
function limitFor(releaseBytes: number): string {
  return `${1 + Math.ceil((2 * releaseBytes) / 2 ** 30)}G`;
}

/** What the plan of a rollout depends on. */
export interface PlanFacts {
  readonly feedUrl: string;
  readonly version: Version;
  readonly hostsCount: number;
}

/** The share of hosts that must be staged before the first one switches to v2. */
export const QUORUM_PERCENT = 75;

/** The plan of a rollout, as YAML: v1 is installed on all hosts at once, later versions go one host at a time. */
export function writePlan({ feedUrl, version, hostsCount }: PlanFacts): string {
  const health = { interval: "100ms", successes: 1, deadline: "30s" };
  const policy = version === "v1"
    ? {
      quorum: "100%",
      maxUnavailable: hostsCount,
      maxConcurrent: hostsCount,
      bakeTime: "0ms",
      health,
    }
    : {
      quorum: `${QUORUM_PERCENT}%`,
      maxUnavailable: 1,
      maxConcurrent: 1,
      bakeTime: "300ms",
      health,
    };
  return stringify({
    feed: feedUrl,
    services: {
      A: { version, dependsOn: [], policy },
      B: { version, dependsOn: ["A"], policy },
    },
    order: ["A", "B"],
  });
}

/** How many hosts the quorum requires. */
export function quorumCount(hostsCount: number): number {
  return Math.ceil((hostsCount * QUORUM_PERCENT) / 100);
}
