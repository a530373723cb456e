/**
 * The entries of the tree: small JSON documents with a schema version, checked here and nowhere else. Unknown fields are
 * kept, so that a newer agent's entry survives an older one that writes it back.
 *
 * @module
 */

import { z } from "zod";
import { policySchema } from "./policy.ts";

/** Version of the entries' schema. A reader refuses a higher one: it could not know what the fields mean. */
export const SCHEMA_VERSION = 1;

const schema = z.literal(SCHEMA_VERSION);

/** A release as the fleet knows it. `infoHash` is `null` for a release without a blob: a pure restart. */
export const releaseSchema = z.looseObject({
  service: z.string(),
  version: z.string(),
  infoHash: z.string().regex(/^[0-9a-f]{40}$/).nullable(),
  sizeBytes: z.int().min(0),
  /** Where the .torrent can be had, by HTTP; the info hash says whether it is the right one. */
  torrentUrl: z.string().nullable(),
  /** Where the build machine stands, from which the first copy comes; left out where it did not tell. */
  origin: z.looseObject({ site: z.string(), rack: z.string() }).optional(),
  /**
   * Announce URLs of its trackers, in order of preference, so that how it spreads can be asked for without the build
   * machine; left out where the feed does not tell. Agents go by the .torrent.
   */
  trackers: z.array(z.string()).optional(),
  /** "address:port" of its first seeders, for when the trackers name nobody who gives anything; left out where not known. */
  peers: z.array(z.string()).optional(),
});
export type Release = z.infer<typeof releaseSchema>;

/** `/dc/staging/<service>`: the release on offer. */
export const offerSchema = releaseSchema.extend({ schema, rollout: z.string() });
export type Offer = z.infer<typeof offerSchema>;

/** `/dc/staging/<service>/<host>-<n>`: a host that is ready to roll. */
export const stagedSchema = z.looseObject({ schema, host: z.string(), version: z.string() });
export type Staged = z.infer<typeof stagedSchema>;

/** What a host is doing about a release that it does not run yet. */
export const preparationSchema = z.looseObject({
  version: z.string(),
  phase: z.enum(["fetching", "verifying", "pinning", "staged", "switching", "failed"]),
  /** Share of the phase that is done, 0 to 1. */
  progress: z.number().min(0).max(1),
  /** Why it stands still until somebody on the host does something (a full disk); left out while it goes on. */
  pause: z.string().optional(),
});
export type Preparation = z.infer<typeof preparationSchema>;

/** Bytes that a host received for one version, by where they came from. */
export const receivedSchema = z.looseObject({
  version: z.string(),
  rackBytes: z.int(),
  siteBytes: z.int(),
  remoteBytes: z.int(),
  /** Found in other releases on the host's own disk. */
  reusedBytes: z.int().optional(),
});
export type Received = z.infer<typeof receivedSchema>;

/** `/dc/current/<service>/<host>`: what the host runs, how ready it is, and why it waits. */
export const currentSchema = z.looseObject({
  schema,
  host: z.string(),
  /** Identity of the agent's data directory: two machines with one name are told apart by it. */
  agent: z.string(),
  site: z.string(),
  rack: z.string(),
  version: z.string().nullable(),
  /** `serving`: up and passing its health check; `down`: anything else. */
  state: z.enum(["serving", "down"]),
  /** When the state last changed, milliseconds since the epoch. */
  sinceMs: z.int(),
  pinnedBytes: z.int(),
  preparation: preparationSchema.nullable(),
  received: receivedSchema.nullable(),
  waitingFor: z.string().nullable(),
  /** The agent's own HTTP endpoint. */
  endpoint: z.string().nullable(),
});
export type Current = z.infer<typeof currentSchema>;

/** `/dc/services/<service>`. */
export const serviceSchema = z.looseObject({
  schema,
  dependsOn: z.array(z.string()),
  policy: policySchema,
  committed: releaseSchema.nullable(),
  /** Versions of rollouts that were aborted: a host that comes back never takes one. */
  withdrawn: z.array(z.string()),
});
export type Service = z.infer<typeof serviceSchema>;

/** `/dc/services/<service>/<host>`: the host should run the service, also while it is away. */
export const rosterSchema = z.looseObject({ schema, site: z.string(), rack: z.string() });
export type Roster = z.infer<typeof rosterSchema>;

/** `/dc/deploy/<service>-<n>`: one wave. `hosts` null: all of the service's. */
export const waveSchema = z.looseObject({
  schema,
  rollout: z.string(),
  service: z.string(),
  version: z.string(),
  hosts: z.array(z.string()).nullable(),
});
export type Wave = z.infer<typeof waveSchema>;

/** The steps of a switch, in order; `rolling_back` and `failed` are the way out. */
export const STEPS = [
  "draining",
  "stopping",
  "pointing",
  "starting",
  "checking",
  "baking",
  "reporting",
  "rolling_back",
  "failed",
] as const;
export const stepSchema = z.enum(STEPS);
export type Step = z.infer<typeof stepSchema>;

/** `/dc/slots/<service>/<host>`: the right to be down for an upgrade. Outlives a crash of its owner on purpose. */
export const slotSchema = z.looseObject({
  schema,
  host: z.string(),
  from: z.string().nullable(),
  to: z.string(),
  step: stepSchema,
  sinceMs: z.int(),
  /** Node name of the wave that it was taken for; `null` for a host that catches up outside of one. */
  wave: z.string().nullable(),
  /** Why the switch failed, once it did. */
  reason: z.string().nullable(),
  /**
   * Version of the control node when the switch failed. A later one that says `running` is an operator's word to try
   * again; a comparison of clocks could be wrong.
   */
  controlVersion: z.int().optional(),
});
export type Slot = z.infer<typeof slotSchema>;

/** `/dc/control`. */
export const controlSchema = z.looseObject({
  schema,
  state: z.enum(["running", "paused", "halted"]),
  by: z.string(),
  reason: z.string().nullable(),
  sinceMs: z.int(),
});
export type Control = z.infer<typeof controlSchema>;

/** `/dc/history/<rollout>`. */
export const rolloutSchema = z.looseObject({
  schema,
  by: z.string(),
  startedMs: z.int(),
  endedMs: z.int().nullable(),
  state: z.enum(["running", "finished", "aborted"]),
  waves: z.array(z.looseObject({
    service: z.string(),
    from: z.string().nullable(),
    version: z.string(),
    hosts: z.array(z.string()).nullable(),
    finishedMs: z.int().nullable(),
  })),
});
export type Rollout = z.infer<typeof rolloutSchema>;

/** An entry that is not what its place in the tree calls for. */
export class EntryError extends Error {
  /** Stable name of the error. */
  readonly code = "BAD_ENTRY";
  override readonly name = "EntryError";
}

/** An entry as the bytes of its node. */
export function encodeEntry(entry: Readonly<Record<string, unknown>>): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(entry));
}

/**
 * Reads an entry from the bytes of its node.
 *
 * @throws {EntryError} when the bytes are not JSON of that schema; the message names the node.
 */
export function decodeEntry<T>(entrySchema: z.ZodType<T>, data: Uint8Array, path: string): T {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(data));
  } catch (cause) {
    throw new EntryError(
      `read ${path}: expected JSON, was ${data.length} bytes of something else`,
      { cause },
    );
  }
  const parsed = entrySchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue === undefined ? "" : ` at "${issue.path.join(".")}": ${issue.message}`;
    throw new EntryError(`read ${path}: the entry does not fit schema ${SCHEMA_VERSION}${where}`, {
      cause: parsed.error,
    });
  }
  return parsed.data;
}
