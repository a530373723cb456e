/**
 * The agent's config: one YAML file, one schema, every default in one place. Unknown keys are errors. What each key means
 * for an operator is in `docs/operating.md`.
 *
 * @module
 */

import { z } from "zod";
import { ENGINE_NAMES } from "../../torrent/engine/engine_names.ts";
import { type HealthCheck, healthCheckSchema } from "../../host/mod.ts";
import { durationSchema } from "../../rollout/mod.ts";
import { isLimiting } from "../../torrent/swarm/limits/rate_schedule.ts";
import { limitsSchema } from "./limits_config.ts";
import { sizeSchema } from "./size.ts";

/** Names that become nodes, folders and labels: short, and safe in all three. */
export const nameSchema = z.string().regex(
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
  "expected a name of letters, digits, dots, dashes and underscores, at most 63, such as web-3",
);

const argvSchema = z.tuple([z.string().min(1)], z.string(), {
  error: "expected a list: the program and its arguments",
});

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

/** Default 5 s: long enough for a busy service, short enough for a rollout to notice. */
const healthTimeout = { timeout: durationSchema.prefault("5s") };

const healthSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("http"),
    url: z.string().min(1),
    expectStatus: z.int().min(100).max(599).optional(),
    ...healthTimeout,
  }),
  z.strictObject({
    type: z.literal("tcp"),
    host: z.string().optional(),
    port: z.int().min(1).max(65_535),
    ...healthTimeout,
  }),
  z.strictObject({ type: z.literal("exec"), argv: argvSchema, ...healthTimeout }),
]).transform(({ timeout, ...check }): HealthCheck =>
  healthCheckSchema.parse({ ...check, timeoutMs: timeout })
);

const pinSchema = z.strictObject({
  /**
   * `required`: a release that cannot be locked is not staged. `preferred`: it goes on unpinned, with a warning.
   * `off`: nothing is locked.
   */
  mode: z.enum(["required", "preferred", "off"]).default("required"),
  /** The most to lock for one release; a larger one is refused before anything is locked. As vmtouch's `-m`. */
  limit: sizeSchema.prefault("64G"),
});

const serviceSchema = z.strictObject({
  /** The program and its arguments; `{blob}`, `{version}`, `{service}` and `{host}` are filled in. */
  command: argvSchema,
  /** Added to the agent's own environment; templates as in `command`. */
  env: z.record(z.string(), z.string()).default({}),
  /** Default: the release's folder. */
  workingDirectory: z.string().optional(),
  /** Run before the service is stopped for an upgrade, such as taking the host out of a load balancer. */
  drain: argvSchema.optional(),
  /** The longest that `drain` may take before the switch goes on without it. */
  drainTimeout: durationSchema.prefault("30s"),
  /** From SIGTERM to SIGKILL. */
  stopGrace: durationSchema.prefault("10s"),
  /** Left out: the service is well as long as its process lives. */
  health: healthSchema.optional(),
  /** Time between two health checks while all is well. */
  healthInterval: durationSchema.prefault("2s"),
  pin: pinSchema.prefault({}),
  /** Releases that stay on disk beside the current one, so that a roll back needs no network. */
  keepReleases: z.int().min(1).max(100).default(1),
});

/** An agent's config file. */
export const agentConfigSchema = z.strictObject({
  /** This host's name, unique in the fleet. Default: the machine's own. */
  host: nameSchema.prefault(() => Deno.hostname()),
  /** Data center. */
  site: nameSchema,
  /** Rack within the site. */
  rack: nameSchema,
  /** ZooKeeper servers, with an optional chroot: `zk1:2181,zk2:2181,zk3:2181/prod`. */
  zookeeper: z.string().min(1),
  /** How long ZooKeeper waits for a host that says nothing before it counts as away. */
  sessionTimeout: durationSchema.prefault("10s"),
  /** Where releases, locks and records live; on the file system that holds the blobs. */
  dataDir: z.string().min(1),
  /** Status, metrics and health of the agent itself, over HTTP. */
  listen: listenSchema.prefault("127.0.0.1:0"),
  /**
   * Further names that the endpoint is asked by, such as `web-1.example.com`. Addresses, names without a dot, and this
   * machine's own name need not be given.
   */
  hostNames: z.array(z.string().min(1)).default([]),
  /** TCP port for those who look at the agent's actors, on the address of `listen`; 0: any free one. */
  actorsPort: z.int().min(0).max(65_535).default(0),
  /** TCP port for BitTorrent peers; 0: any free one. */
  torrentPort: z.int().min(0).max(65_535).default(0),
  /** What moves the releases: our own, or WebTorrent, which knows no limits and takes only whole pieces from the disk. */
  engine: z.enum(ENGINE_NAMES).default("swarm"),
  /** How much of the network releases may use. Default: as much as there is. */
  limits: limitsSchema.prefault({}),
  /** Whether services and locked pages stay when the agent is told to stop. They always stay when it crashes. */
  onExit: z.enum(["leave", "stop"]).default("leave"),
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
