/**
 * The entries of the tree: small JSON documents with a schema version. They are checked by these schemas and nowhere
 * else. Unknown fields are kept, so that the entry of a newer agent survives an older one that writes it back.
 *
 * @module
 */

import { z } from "zod";
import { SCHEMA_VERSION } from "./entry_codec.ts";
import { failureCauseSchema } from "./failure_cause.ts";
import { labelsSchema, nameSchema, versionSchema } from "./name_schemas.ts";
import { maxFailuresSchema, policySchema } from "./policy.ts";
import { quarantinedSchema, restartsSchema } from "./restarts.ts";
import { gateSchema } from "./waves/gate_entry.ts";

export { labelsSchema, nameSchema, versionSchema };

export {
  ADVICE,
  decodeEntry,
  encodeEntry,
  EntryError,
  maxBytesOf,
  SCHEMA_VERSION,
} from "./entry_codec.ts";

const schema = z.literal(SCHEMA_VERSION);

/** Longest URL of an entry, in characters: what servers and proxies take. */
const URL_LENGTH_MAX = 2_048;

/** Longest name of the node of a wave: a service, a dash and ten digits or a sign more. */
const WAVE_NODE_LENGTH_MAX = 96;

/** Most trackers of a release that an entry names; no fleet has as many. */
const TRACKERS_MAX = 32;

/** Longest "address:port" of a seeder, in characters: a name of DNS and a port. */
const PEER_LENGTH_MAX = 261;

/** Most seeders of a release that an entry names; one build machine has one or two. */
const PEERS_MAX = 16;

const urlSchema = z.string().max(URL_LENGTH_MAX);

/** Schema of an info hash; `null` for a release without a blob. */
export const infoHashSchema = z.string().regex(/^[0-9a-f]{40}$/).nullable();

/** Schema of a release. `infoHash` is `null` for a release without a blob: a pure restart. */
export const releaseSchema = z.looseObject({
  service: nameSchema,
  version: versionSchema,
  infoHash: infoHashSchema,
  sizeBytes: z.int().min(0),
  /** URL of the .torrent, by HTTP; the info hash tells whether it is the right one. */
  torrentUrl: urlSchema.nullable(),
  /** Site and rack of the build machine, the first seed; left out if unknown. */
  origin: z.looseObject({ site: nameSchema, rack: nameSchema }).optional(),
  /**
   * Announce URLs of its trackers, in order of preference, so that `rollcall status` can ask them how the release spreads
   * without the build machine; left out if the feed has none. Agents use those of the .torrent.
   */
  trackers: z.array(urlSchema).max(TRACKERS_MAX).optional(),
  /**
   * The restart that it is rolled out, or was committed, by: hosts that have not started it anew since do so. Left out by an
   * ordinary rollout.
   */
  restart: nameSchema.optional(),
  /** "address:port" of its first seeders, for when the trackers name nobody who gives anything; left out where not known. */
  peers: z.array(z.string().max(PEER_LENGTH_MAX)).max(PEERS_MAX).optional(),
});
/** A release as the fleet knows it. */
export type Release = z.infer<typeof releaseSchema>;

/** Schema of `/dc/staging/<service>`: the release on offer. */
export const offerSchema = releaseSchema.extend({
  schema,
  rollout: nameSchema,
  /**
   * What was committed when the rollout began, with the restart by which it was; `null` if nothing was. Earlier versions leave it
   * out.
   */
  replaces: z.looseObject({
    version: versionSchema,
    infoHash: infoHashSchema,
    restart: nameSchema.nullable().optional(),
  }).nullable().optional(),
});
/** The release on offer. */
export type Offer = z.infer<typeof offerSchema>;

/** Schema of `/dc/staging/<service>/<host>-<n>`: a host that is ready to switch. */
export const stagedSchema = z.looseObject({
  schema,
  host: nameSchema,
  version: versionSchema,
  /** Info hash of `version`, see `release_identity.ts`; agents of earlier versions leave it out. */
  infoHash: infoHashSchema.optional(),
});
/** A host in the staging queue. */
export type Staged = z.infer<typeof stagedSchema>;

/** Schema of what a host does about a release that it does not run yet. */
export const preparationSchema = z.looseObject({
  version: versionSchema,
  phase: z.enum(["fetching", "verifying", "pinning", "staged", "switching", "failed"]),
  /** Share of the phase that is done, 0 to 1. */
  progress: z.number().min(0).max(1),
  /** Why the preparation waits for an operator (a full disk); left out while it goes on. */
  pause: z.string().optional(),
  /** Why nothing has arrived for some seconds: what is missing, and what is tried next; left out while something arrives. */
  obstacle: z.string().optional(),
});
/** What a host does about a release that it does not run yet. */
export type Preparation = z.infer<typeof preparationSchema>;

/** Schema of the bytes that a host received for one version, by where they came from. */
export const receivedSchema = z.looseObject({
  version: versionSchema,
  rackBytes: z.int(),
  siteBytes: z.int(),
  remoteBytes: z.int(),
  /** Bytes found in other releases on the host's own disk. */
  reusedBytes: z.int().optional(),
});
/** Bytes that a host received for one version, by where they came from. */
export type Received = z.infer<typeof receivedSchema>;

/** Schema of a machine and its boot. */
const machineSchema = z.object({ id: z.string().max(64), boot: z.string().max(64) });
/** Schema of `/dc/current/<service>/<host>`: what the host runs, how ready it is, and why it waits. */
export const currentSchema = z.looseObject({
  schema,
  host: nameSchema,
  /** Id of the agent's data directory: it tells two machines with the same name apart. */
  agent: z.string(),
  /** The machine that the agent runs on, and its boot: they tell a copy of the data directory apart. */
  machine: machineSchema.optional(),
  site: nameSchema,
  rack: nameSchema,
  version: versionSchema.nullable(),
  /**
   * Info hash of `version`, see `release_identity.ts`. Agents of earlier versions leave it out, and those whose receipt of that
   * version cannot be read.
   */
  infoHash: infoHashSchema.optional(),
  /** The restart that `version` was started by, see `release_identity.ts`. Left out by agents that know of none. */
  restart: nameSchema.nullable().optional(),
  /** `serving`: up and passing its health check; `down`: anything else. */
  state: z.enum(["serving", "down"]),
  /** When the state last changed, milliseconds since the epoch. */
  sinceMs: z.int(),
  pinnedBytes: z.int(),
  preparation: preparationSchema.nullable(),
  received: receivedSchema.nullable(),
  /** What it waits for, in words for an operator, see `waiting.ts`. */
  waitingFor: z.string().nullable(),
  /**
   * Since when, by the host's clock, milliseconds since the epoch: to be shown, and for nothing else. Left out while it waits for
   * nothing, and by agents of earlier versions.
   */
  waitingSinceMs: z.int().optional(),
  /** URL of the agent's own HTTP endpoint. */
  endpoint: urlSchema.nullable(),
  /** Left out if there were none, and by agents of earlier versions. */
  restarts: restartsSchema.optional(),
  /** Left out while the host is in no quarantine, and by agents of earlier versions. */
  quarantined: quarantinedSchema.optional(),
  /**
   * What the agent of a host that is drained has done about the last word that it has seen, which `sinceMs` names: it has run the
   * hook. `problem`: that has failed, and why; `hasHook`: left out if its config has it. Left out before, by agents of earlier
   * versions, and while the host is not drained.
   */
  drained: z.looseObject({
    sinceMs: z.int(),
    problem: z.string().optional(),
    hasHook: z.literal(false).optional(),
  }).optional(),
});
/** The entry of a host that is online. */
export type Current = z.infer<typeof currentSchema>;

/** Schema of `/dc/services/<service>`: the policy and the committed release. */
export const serviceSchema = z.looseObject({
  schema,
  dependsOn: z.array(nameSchema),
  /** Those of `dependsOn` that have to have baked. Left out: none. */
  bakedAfter: z.array(nameSchema).optional(),
  policy: policySchema,
  committed: releaseSchema.nullable(),
  /** Versions of aborted rollouts: a host that comes back never runs one. */
  withdrawn: z.array(versionSchema),
  /**
   * Of these, the versions that an abort has left behind since the last one was committed: hosts that run one stay on it. Left
   * out in the entries of earlier versions: all of them.
   */
  abandoned: z.array(versionSchema).optional(),
  /** Info hashes of the withdrawn versions, as far as they are known; left out in the entries of earlier versions. */
  withdrawnHashes: z.record(versionSchema, infoHashSchema).optional(),
});
/** The entry of a service. */
export type Service = z.infer<typeof serviceSchema>;

/** Who has said something of a host, why, and when. */
const wordSchema = z.looseObject({
  by: z.string(),
  reason: z.string().nullable(),
  /** By the clock of the operator's machine, milliseconds since the epoch: to be shown, and for nothing else. */
  sinceMs: z.int(),
});

/** Schema of an operator's word that a host is not to be counted on, until its agent has put it back. */
export const drainedSchema = wordSchema.extend({
  /** An operator's word that it is to be put back. Left out: it is not. Its agent then runs the hook, and removes all of this. */
  ended: wordSchema.optional(),
});
/** An operator's word that a host is not to be counted on. */
export type Drained = z.infer<typeof drainedSchema>;

/** Most checks of gates in a host's config. */
export const GATE_CHECKS_MAX = 100;

/** Schema of `/dc/services/<service>/<host>`: the host should run the service, also while it is away. */
export const rosterSchema = z.looseObject({
  schema,
  site: nameSchema,
  rack: nameSchema,
  /** Left out, unless an operator has drained the host. Whoever writes the entry again keeps it. */
  drained: drainedSchema.optional(),
  /** Whether it has never served since it joined the roster, so that it takes no capacity away. Left out: it has served. */
  newcomer: z.literal(true).optional(),
  /** What its config says that it is. Left out: nothing. */
  labels: labelsSchema.optional(),
  /** The checks of gates that its config has, by name. Left out: none. */
  checks: z.array(nameSchema).max(GATE_CHECKS_MAX).optional(),
});
/** The entry of a host on the roster. */
export type Roster = z.infer<typeof rosterSchema>;

/** Schema of an operator's word that hosts switch in freeze windows, too: whose, and why. */
const ignoresFreezeSchema = z.looseObject({ by: z.string(), reason: z.string() });

/** Schema of `/dc/deploy/<service>-<n>`: one wave. `hosts` is `null` for all hosts of the service. */
export const waveSchema = z.looseObject({
  schema,
  rollout: nameSchema,
  service: nameSchema,
  version: versionSchema,
  hosts: z.array(nameSchema).nullable(),
  /**
   * Under which name its hosts are counted, see `markers.ts`: that of its own node is not known before it is there. Left out
   * in the waves of earlier versions.
   */
  tally: nameSchema.optional(),
  /** What has to be open before anybody goes down for it. Left out: nothing. */
  gate: gateSchema.optional(),
  /**
   * How many of its hosts may fail before the rollout halts. Left out: as many as the policy allows. Agents of earlier versions
   * know of no other limit.
   */
  maxFailures: maxFailuresSchema.optional(),
  /**
   * The services whose earlier waves go before it, as in a rollout in which services that have nothing to do with each other go
   * at the same time. Left out: all of them. Agents of earlier versions wait for all of them.
   */
  after: z.array(nameSchema).optional(),
  /** An operator's word that its hosts switch in freeze windows, too. Left out: they do not. */
  ignoresFreeze: ignoresFreezeSchema.optional(),
  /** Whether it takes hosts back. Left out: no. */
  rollsBack: z.literal(true).optional(),
});
/** The entry of a wave. */
export type Wave = z.infer<typeof waveSchema>;

/** The steps of a switch, in order; `rolling_back` and `failed` follow a step that failed. */
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
/** Schema of a step. */
export const stepSchema = z.enum(STEPS);
/** A step of a switch. */
export type Step = z.infer<typeof stepSchema>;

/** Schema of `/dc/slots/<service>/<host>`: the right to be down for an upgrade. It outlives a crash of its owner on purpose. */
export const slotSchema = z.looseObject({
  schema,
  host: nameSchema,
  /**
   * The agent that took it, and the machine on which: see `agent_identity.ts`. Another machine under the same name has no
   * right to it. Agents of earlier versions leave both out.
   */
  agent: z.string().optional(),
  machine: machineSchema.optional(),
  from: versionSchema.nullable(),
  to: versionSchema,
  /** Info hash of `to`, see `release_identity.ts`; agents of earlier versions leave it out. */
  infoHash: infoHashSchema.optional(),
  /** The restart that it is for; left out for any other switch. */
  restart: nameSchema.optional(),
  step: stepSchema,
  sinceMs: z.int(),
  /** Name of the node of the wave that it was taken for; `null` for a host that catches up outside of any wave. */
  wave: z.string().max(WAVE_NODE_LENGTH_MAX).nullable(),
  /** Why the switch failed, once it did. */
  reason: z.string().nullable(),
  /** What has failed, in the record of a failure. Left out: the switch itself. */
  cause: failureCauseSchema.optional(),
  /**
   * Version of the control node when the switch failed. A later version with the state `running` means that an operator
   * wants the host to try again; comparing clocks could be wrong.
   */
  controlVersion: z.int().optional(),
  /**
   * Who has left the host out of the rollout, and why (`rollout skip`): in the record of that, whose step is `failed`. Agents of
   * earlier versions take it for a failure.
   */
  skipped: z.looseObject({ by: z.string(), reason: z.string().nullable() }).optional(),
});
/** A slot, or the record of a failure. */
export type Slot = z.infer<typeof slotSchema>;

/** Schema of what becomes of a rollout that is halted: it waits for an operator, or is rolled back by the hosts. */
export const onFailureSchema = z.enum(["halt", "rollback"]);
/** What becomes of a rollout that is halted. */
export type OnFailure = z.infer<typeof onFailureSchema>;

/** Schema of `/dc/control`. */
export const controlSchema = z.looseObject({
  schema,
  state: z.enum(["running", "paused", "halted"]),
  by: z.string(),
  reason: z.string().nullable(),
  sinceMs: z.int(),
  /**
   * The pause that stands beside a halt: both were said, and who lifts the one is to know of the other. Means nothing in
   * another state than `halted`.
   */
  paused: z.looseObject({ by: z.string(), reason: z.string().nullable(), sinceMs: z.int() })
    .optional(),
  /**
   * Id of the rollout that was started last. Written in the transaction that starts it, so it says which one is the newest
   * whatever the clocks of the admin boxes show. Left out in a tree of an earlier version.
   */
  rollout: z.string().optional(),
  /** What becomes of that rollout when it is halted. Left out: `halt`. */
  onFailure: onFailureSchema.optional(),
  /** How many hosts may fail in that rollout, on all of its services together. Left out: as many as the services' policies allow. */
  maxFailures: z.int().min(0).optional(),
});
/** The control node's entry. */
export type Control = z.infer<typeof controlSchema>;

/** Schema of `/dc/history/<rollout>`. */
export const rolloutSchema = z.looseObject({
  schema,
  by: z.string(),
  /** Why, in the words of who started it. Left out: nothing was said. */
  reason: z.string().optional(),
  startedMs: z.int(),
  endedMs: z.int().nullable(),
  state: z.enum(["running", "finished", "aborted"]),
  waves: z.array(z.looseObject({
    service: nameSchema,
    from: versionSchema.nullable(),
    version: versionSchema,
    hosts: z.array(nameSchema).nullable(),
    finishedMs: z.int().nullable(),
    /** The gate before it; `opened` once the wave is over. */
    gate: gateSchema.optional(),
  })),
  /**
   * By service, what was committed when the rollout began, as far as it replaces anything: what a rollback goes back to. Left
   * out in the records of earlier versions.
   */
  before: z.record(nameSchema, releaseSchema).optional(),
  /** An operator's word that its hosts switch in freeze windows, too. Left out: they do not. */
  ignoresFreeze: ignoresFreezeSchema.optional(),
  /** The rollout that this one is the rollback of; left out if it is none. */
  rollsBack: nameSchema.optional(),
  /** Its rollback, and why there was one; left out if there was none. */
  rolledBack: z.looseObject({ by: nameSchema, reason: z.string() }).optional(),
});
/** The record of a rollout. */
export type Rollout = z.infer<typeof rolloutSchema>;
