/**
 * The agent's config: one YAML file, one schema, every default in one place. The command line reads the file, this schema
 * checks it and fills in the defaults, and the agent hands each actor its part. Unknown keys are errors. What each key
 * means for an operator is in `docs/operating.md`.
 *
 * @module
 */

import { z } from "zod";
import { isName, NAME_RULE } from "../../base/names.ts";
import { ENGINE_NAMES } from "../../torrent/engine/engine_names.ts";
import {
  expandTemplate,
  HEALTH_TIMEOUT_MAX_MS,
  type HealthCheck,
  healthCheckSchema,
  SERVICE_GROUP_PATTERN,
  SERVICE_USER_PATTERN,
  STOP_SIGNALS,
} from "../../host/mod.ts";
import { durationSchema, GATE_CHECKS_MAX, labelsSchema } from "../../rollout/mod.ts";
import { isLimiting } from "../../torrent/swarm/limits/rate_schedule.ts";
import { parseConnectString } from "../../zookeeper/client/connection/connect_string.ts";
import { argvSchema, duration, templateSchema } from "./basics.ts";
import { hookSchema } from "./hooks.ts";
import { limitsSchema } from "./limits.ts";
import { sizeSchema } from "./size.ts";
import { ulimitsSchema } from "./ulimits.ts";

export type { Hook } from "./hooks.ts";

/** Names that become nodes, folders and labels: short, and safe in all three. */
export const nameSchema = z.string().refine(isName, `expected ${NAME_RULE}, such as web-3`);

const listenSchema = z.string().transform((text, context) => {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:\s]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match !== null && port <= 65_535) {
    return { hostname: match[1] ?? (match[2] || "0.0.0.0"), port };
  }
  context.addIssue({
    code: "custom",
    message: `expected HOST:PORT such as 127.0.0.1:7070, was "${text}"`,
  });
  return z.NEVER;
});

/** Checks more often than this would keep service and agent busy with nothing else. */
const LEAST_INTERVAL_MS = 10;

/** Most checks in a row that are waited for: at the shortest interval that is minutes, at the default one hours. */
const CHECKS_MAX = 10_000;

/** A session shorter than this ends at every pause of a busy machine. */
const LEAST_SESSION_MS = 100;

const TIMEOUT_EXPECTED = "expected a time-out from 1ms to 10m";

/** Default 5 s: long enough for a busy service, short enough for a rollout to notice. */
const healthTimeout = {
  timeout: durationSchema.prefault("5s").pipe(
    z.int(TIMEOUT_EXPECTED).min(1, TIMEOUT_EXPECTED).max(HEALTH_TIMEOUT_MAX_MS, TIMEOUT_EXPECTED),
  ),
};

/** Whether a health check can ask it, once its templates are filled in. */
function isHttpUrl(template: string): boolean {
  const url = URL.parse(
    expandTemplate(template, { blob: "/blob", version: "v1", service: "web", host: "web-1" }),
  );
  return url !== null && /^https?:$/.test(url.protocol);
}

const healthSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("http"),
    url: templateSchema.refine(
      isHttpUrl,
      "expected a URL such as http://127.0.0.1:9000/health",
    ),
    expectStatus: z.int().min(100).max(599).optional(),
    ...healthTimeout,
  }),
  z.strictObject({
    type: z.literal("tcp"),
    host: templateSchema.optional(),
    port: z.int().min(1).max(65_535),
    ...healthTimeout,
  }),
  z.strictObject({ type: z.literal("exec"), argv: argvSchema, ...healthTimeout }),
]).transform(({ timeout, ...check }, context): HealthCheck => {
  // What is thrown in a transformation is no issue of the file, so nothing may be.
  const parsed = healthCheckSchema.safeParse({ ...check, timeoutMs: timeout });
  if (parsed.success) return parsed.data;
  context.addIssue({ code: "custom", message: z.prettifyError(parsed.error) });
  return z.NEVER;
});

const pinSchema = z.strictObject({
  /**
   * `required`: a release that cannot be locked is not staged. `preferred`: it goes on unpinned, with a warning.
   * `off`: nothing is locked.
   */
  mode: z.enum(["required", "preferred", "off"]).default("required"),
  /** Largest release that is locked; a larger one is refused before anything is locked. As `-m` of vmtouch. */
  limit: sizeSchema.prefault("64G"),
  /**
   * Memory that stays free when a release is locked, by every limit that holds here: for a service that grows, a fetch, sockets
   * and dirty pages. What is locked cannot be had back, so without it the kernel would end a process instead.
   */
  margin: sizeSchema.prefault("256M"),
});

const serviceSchema = z.strictObject({
  /** The program and its arguments; `{blob}`, `{version}`, `{service}` and `{host}` are filled in. */
  command: argvSchema,
  /** The user that the service and its `exec` checks run as: a name, `UID` or `UID:GID`. Default: the agent's own. */
  user: z.union([z.string(), z.int().min(0).transform(String)]).refine(
    (user) => SERVICE_USER_PATTERN.test(user),
    "expected a user such as www-data, 1000 or 1000:1000",
  ).optional(),
  /** Added to what a service gets of the agent's environment; templates as in `command`. */
  env: z.record(z.string(), templateSchema).default({}),
  /** Default: the release's folder. */
  workingDirectory: templateSchema.optional(),
  /** Its group besides: a name or `GID`. Default: the user's own. */
  group: z.union([z.string(), z.int().min(0).transform(String)]).refine(
    (group) => SERVICE_GROUP_PATTERN.test(group),
    "expected a group such as www-data or 1000",
  ).optional(),
  /** Limits of its processes. Default: 1024 files (it may raise that to 524288), 8M locked; all others as the agent has them. */
  ulimits: ulimitsSchema.optional(),
  /** How soon the OOM killer takes it, -1000 (never) to 1000. Default: 0, as any other process, whatever the agent has. */
  oomScoreAdjust: z.int().min(-1000).max(1000).optional(),
  /**
   * Run before the service is stopped for an upgrade, to take the host out of a load balancer, say. Its failure is only told
   * unless `onFailure: stop`: otherwise one bad script would stop every upgrade.
   */
  drain: hookSchema("ignore").optional(),
  /** Undoes `drain`: run when the service is well again, whichever version runs, and when it was not stopped after all. */
  undrain: hookSchema("ignore").optional(),
  /** Run when the old version has been stopped, and before the new one is started. */
  preStart: hookSchema("stop").optional(),
  /** Run when the new version has passed its bake time. */
  postSwitch: hookSchema("stop").optional(),
  /** How long `drain` and `undrain` may each take, unless they say so themselves. The others: 30 s. */
  drainTimeout: duration().prefault("30s"),
  /**
   * How long a machine that comes back waits for ZooKeeper until it starts the release that it ran before, if its files are
   * as they were verified. An ensemble that restarts, or a network that comes up after the machine, is there within seconds.
   */
  startAloneAfter: duration().prefault("1m"),
  /** What tells its main process to end. The others are told when that one has ended. */
  stopSignal: z.enum(STOP_SIGNALS).default("SIGTERM"),
  /** Time from that signal to SIGKILL for whatever still runs. */
  stopGrace: duration().prefault("10s"),
  /** The health check. Without one, the service is healthy as long as its process lives. */
  health: healthSchema.optional(),
  /** Time between two health checks outside of a switch. */
  healthInterval: duration({ leastMs: LEAST_INTERVAL_MS }).prefault("2s"),
  /** Failed checks in a row after which a service that is well counts as unwell: a single one may be an accident of the check. */
  failureThreshold: z.int().min(1).max(CHECKS_MAX).default(2),
  /** Passed checks in a row after which a service that is not well counts as well. */
  successThreshold: z.int().min(1).max(CHECKS_MAX).default(1),
  /**
   * How long a service that was started, or was unwell, must have passed its checks without a break until it counts as well.
   * In a switch, the policy's `bakeTime` is that.
   */
  minHealthyTime: duration().prefault("0s"),
  /**
   * Failed checks in a row after which a service that was well is stopped and started again, since it hangs. Default: never.
   */
  restartAfterFailedChecks: z.int().min(2).max(CHECKS_MAX).optional(),
  /** When the service is started again so often that no rollout counts on this host. */
  quarantine: z.strictObject({
    /** Restarts that are not too many yet. The back-off after a crash allows about twenty in ten minutes. */
    restarts: z.int().min(1).max(1_000).default(10),
    within: duration().prefault("10m"),
    /** How long the service must have been well until the host is counted on again. */
    wellFor: duration().prefault("10m"),
  }).prefault({}),
  pin: pinSchema.prefault({}),
  /** Releases that stay on disk beside the current one, so that a roll back needs no network. */
  keepReleases: z.int().min(1).max(100).default(1),
});

/** An agent's config file. */
export const agentConfigSchema = z.strictObject({
  /** This host's name, unique in the fleet. Default: the machine's own. */
  host: nameSchema.prefault(() => Deno.hostname()),
  /** The data center that the host stands in. */
  site: nameSchema,
  /** The rack within the site. */
  rack: nameSchema,
  /** What the host is besides, by name: a plan may choose hosts by that. */
  labels: labelsSchema.default({}),
  /** Checks that a plan may name, for gates between waves. They run as the agent does. */
  checks: z.record(nameSchema, healthSchema).refine(
    (checks) => Object.keys(checks).length <= GATE_CHECKS_MAX,
    `expected at most ${GATE_CHECKS_MAX} checks`,
  ).default({}),
  /** ZooKeeper servers, with an optional chroot: `zk1:2181,zk2:2181,zk3:2181/prod`. */
  zookeeper: z.string().superRefine((text, context) => {
    try {
      parseConnectString(text);
    } catch {
      context.addIssue({
        code: "custom",
        message: `expected servers such as zk1:2181,zk2:2181/prod, was "${text}"`,
      });
    }
  }),
  /** How long ZooKeeper waits for a sign of life of this host before its session ends and it counts as away. */
  sessionTimeout: duration({ leastMs: LEAST_SESSION_MS, mostMs: 3_600_000 }).prefault("10s"),
  /** Where releases, locks and records live; on the file system that holds the blobs. */
  dataDir: z.string().min(1),
  /** Status, metrics and health of the agent itself, over HTTP. */
  listen: listenSchema.prefault("127.0.0.1:0"),
  /**
   * Further names that the endpoint is asked by, such as `web-1.example.com`. Addresses, names without a dot, and this
   * machine's own name need not be given.
   */
  hostNames: z.array(z.string().min(1)).default([]),
  /**
   * Whether the endpoint shows the logs of the services, for `rollcall logs`. Whoever reaches it can read them then, and a
   * log may tell more than its readers should know: files have mode 0640.
   */
  serveLogs: z.boolean().default(false),
  /** TCP port for `rollcall actors` and `status`, on the address of `listen`; 0: any free one. */
  actorsPort: z.int().min(0).max(65_535).default(0),
  /** TCP port for BitTorrent peers; 0: any free one. */
  torrentPort: z.int().min(0).max(65_535).default(0),
  /** The torrent engine: `swarm` is Rollcall's own. `webtorrent` keeps no limits and resumes only whole pieces. */
  engine: z.enum(ENGINE_NAMES).default("swarm"),
  /** How much of the network releases may use. Default: as much as there is. */
  limits: limitsSchema.prefault({}),
  /** Whether services and locked pages stay when the agent is told to stop. They always stay when it crashes. */
  onExit: z.enum(["leave", "stop"]).default("leave"),
  /**
   * How long after its start the agent ends what still runs of services that the config has no more. Default: never, since a
   * service may be missing by mistake.
   */
  stopRemovedAfter: duration().optional(),
  services: z.record(nameSchema, serviceSchema)
    .refine((services) => Object.keys(services).length > 0, "expected at least one service"),
}).refine(({ engine, limits }) => engine === "swarm" || !isLimiting(limits), {
  path: ["limits"],
  message: "expected none with the engine webtorrent, which cannot keep them: use swarm",
});

/** An agent's config with every default filled in; durations in milliseconds, sizes in bytes. */
export type AgentConfig = z.output<typeof agentConfigSchema>;

/** One service of an agent's config. */
export type ServiceConfig = AgentConfig["services"][string];
