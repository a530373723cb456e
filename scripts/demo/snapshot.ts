/**
 * Reads one line of `rollcall status --watch --json`, the state of the fleet at one moment. Only the keys that the demo needs
 * are checked; all others are ignored.
 *
 * @module
 */

import { z } from "zod";
import { DemoError } from "./deadlines.ts";
import { type ServiceName, SERVICES } from "./fleet_layout.ts";

const hostSchema = z.object({
  host: z.string(),
  site: z.string(),
  rack: z.string(),
  online: z.boolean(),
  /** The version that runs there; `null`: none yet. */
  version: z.string().nullable(),
  state: z.string(),
  /** How far the host is with the release on offer. */
  preparation: z.object({
    version: z.string(),
    phase: z.string(),
    /** From 0 to 1. */
    progress: z.number(),
  }).nullable(),
  pinnedBytes: z.number(),
  /** Bytes of one release by the distance of their sender. */
  received: z.object({
    version: z.string(),
    rackBytes: z.number(),
    siteBytes: z.number(),
    remoteBytes: z.number(),
    /** Bytes that were reused from other releases on the host's own disk. */
    reusedBytes: z.number().default(0),
  }).nullable(),
  waitingFor: z.string().nullable(),
  /** Whether it stands in the staging queue. */
  queued: z.boolean(),
  /** The right to be down, while the host holds it. */
  slot: z.object({ from: z.string().nullable(), to: z.string(), step: z.string() }).nullable(),
});

const snapshotSchema = z.object({
  /** `null` until the first agent has created the tree. */
  control: z.object({ state: z.string() }).nullable(),
  rollout: z.object({ id: z.string(), state: z.string() }).nullable(),
  queue: z.array(z.object({ service: z.string(), version: z.string() })),
  services: z.record(
    z.string(),
    z.object({
      committed: z.string().nullable(),
      offer: z.string().nullable(),
      hosts: z.array(hostSchema),
    }),
  ),
});

/** The fleet at one moment. */
export type FleetSnapshot = z.infer<typeof snapshotSchema>;
/** One host of one service at one moment. */
export type HostSnapshot = z.infer<typeof hostSchema>;

/** Parses a line. @throws {DemoError} that says what is wrong with it. */
export function parseSnapshot(line: string): FleetSnapshot {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new DemoError(`rollcall status: expected a line of JSON, was ${line.slice(0, 200)}`);
  }
  const parsed = snapshotSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new DemoError(`rollcall status: expected a snapshot\n${z.prettifyError(parsed.error)}`);
}

/** The entry of a host of a service; `null` while the fleet does not know it. */
export function findHost(
  snapshot: FleetSnapshot | null,
  { service, host }: { readonly service: string; readonly host: string },
): HostSnapshot | null {
  return snapshot?.services[service]?.hosts.find((entry) => entry.host === host) ?? null;
}

/** What a host is doing with a release, in one word. */
export type Phase =
  | "absent"
  | "offline"
  | "fetching"
  | "verifying"
  | "pinning"
  | "staged"
  | "switching"
  | "failed"
  | "down"
  | "current"
  | "waiting";

const PREPARING: ReadonlySet<string> = new Set([
  "fetching",
  "verifying",
  "pinning",
  "staged",
  "switching",
  "failed",
]);

/** What the host is doing, while the fleet goes to the version `target`. */
export function phaseOf(host: HostSnapshot | null, target: string | null): Phase {
  if (host === null) return "absent";
  if (!host.online) return "offline";
  if (host.slot !== null) return "switching";
  const { preparation } = host;
  const isUnderWay = preparation !== null && preparation.version !== host.version;
  if (isUnderWay && PREPARING.has(preparation.phase)) return preparation.phase as Phase;
  if (host.version !== null && host.state === "down") return "down";
  if (host.version !== null && (target === null || host.version === target)) return "current";
  return "waiting";
}

/** Describes every host of every service in a line, for the message of a wait that has failed. */
export function describeFleet(snapshot: FleetSnapshot | null): string {
  if (snapshot === null) return "no status was seen";
  const lines = SERVICES.flatMap((service) => {
    const entry = snapshot.services[service];
    return (entry?.hosts ?? []).map((host) => describeHost(host, { service, offer: entry?.offer }));
  });
  const { control, rollout } = snapshot;
  const head = `control ${control?.state ?? "none"}, rollout ${rollout?.state ?? "none"}`;
  return [head, ...(lines.length === 0 ? ["no host has announced itself"] : lines)].join("\n");
}

function describeHost(
  host: HostSnapshot,
  { service, offer }: { readonly service: ServiceName; readonly offer: string | null | undefined },
): string {
  const progress = host.preparation === null
    ? ""
    : ` ${host.preparation.version} ${Math.floor(host.preparation.progress * 100)} %`;
  const reason = host.waitingFor === null ? "" : `, waits for ${host.waitingFor}`;
  const phase = phaseOf(host, offer ?? null);
  return `  ${host.host} ${service} ${host.version ?? "nothing"}: ${phase}${progress}${reason}`;
}
