/**
 * What an operator's word about one host in a rollout comes to: whether it may be left out, or try again; if not, why. Pure.
 *
 * A host that is left out (`rollout skip`) stays on what it runs. Its wave goes on as if it had failed and that were accepted:
 * it is not waited for, helps the quorum, and uses up no failure. It goes on with the next rollout, or when an operator has
 * it try again (`rollout retry`).
 *
 * @module
 */

import { SCHEMA_VERSION, type Slot } from "./entries.ts";
import type { ServiceReading } from "./reading/service_reading.ts";
import { isSameRelease } from "./release_identity.ts";
import { covers, type FirstWave } from "./service_view.ts";
import { isHeld, isSkipped, slotTarget } from "./slot.ts";

/** An operator's word about a host. */
export interface HostWord {
  readonly host: string;
  readonly service: string;
  /** Who says it. */
  readonly by: string;
  readonly reason: string | null;
  /** When, milliseconds since the epoch. */
  readonly sinceMs: number;
}

/** The part of a reading that it is decided on. */
export type HostWordReading = Pick<ServiceReading, "view" | "waves">;

/** Whether a host may be left out: the record of that, and the wave; or why not. */
export type SkipDecision =
  | { readonly kind: "skip"; readonly slot: Slot; readonly wave: FirstWave }
  | { readonly kind: "refused"; readonly why: string };

/** Decides whether a host may be left out of what is rolled out. */
export function decideSkip({ view, waves }: HostWordReading, word: HostWord): SkipDecision {
  const { host, service, by, reason, sinceMs } = word;
  const wave = waves.find((one) => covers(one, host));
  const refused = (why: string): SkipDecision => ({ kind: "refused", why });
  if (!view.roster.includes(host)) return refused(notOnRoster(host, service));
  if (wave === undefined) return refused(`nothing is rolled out to ${host} for ${service}`);
  const standing = view.slots.get(host);
  if (standing !== undefined && isHeld(standing)) {
    return refused(
      `${host} is switching ${service} to ${standing.to} (${standing.step}), and may be down; wait until that is over`,
    );
  }
  const current = view.current.get(host);
  const { version, infoHash } = wave;
  const restart = wave.restart ?? undefined;
  if (current !== undefined && isSameRelease(current, wave)) {
    return refused(`${host} runs ${service} ${version} already`);
  }
  const isRecordOf = standing !== undefined && isSameRelease(slotTarget(standing), wave);
  if (isRecordOf && isSkipped(standing)) {
    return refused(`${host} is left out already: ${standing.reason}`);
  }
  if (!isAnybodyLeft({ view, waves }, word, wave)) {
    return refused(
      `${host} is the last host that ${service} ${version} can go to; abort instead (rollcall rollout abort)`,
    );
  }
  const told = `skipped by ${by}${reason === null ? "" : `: ${reason}`}`;
  const failed = isRecordOf && standing.reason !== null
    ? `; it had failed: ${standing.reason}`
    : "";
  const slot: Slot = {
    schema: SCHEMA_VERSION,
    host,
    from: current?.version ?? (isRecordOf ? standing.from : null),
    to: version,
    infoHash,
    ...(restart === undefined ? {} : { restart }),
    step: "failed",
    sinceMs,
    wave: wave.node,
    reason: told + failed,
    skipped: { by, reason },
  };
  return { kind: "skip", slot, wave };
}

/** Whether a host would be left that runs the version, or could: else nobody could end the last wave. */
function isAnybodyLeft(
  { view, waves }: HostWordReading,
  { host }: HostWord,
  wave: FirstWave,
): boolean {
  const last = waves.at(-1) ?? wave;
  return view.roster.some((other) => {
    if (other === host || !covers(last, other)) return false;
    const slot = view.slots.get(other);
    return slot === undefined || isHeld(slot) || !isSameRelease(slotTarget(slot), wave);
  });
}

/** Whether a host may try again: the record that goes; or why not. */
export type RetryDecision =
  | { readonly kind: "retry"; readonly slot: Slot }
  | { readonly kind: "refused"; readonly why: string };

/** Decides whether a host may try again. */
export function decideRetry(
  { view }: Pick<HostWordReading, "view">,
  { host, service }: Pick<HostWord, "host" | "service">,
): RetryDecision {
  const slot = view.slots.get(host);
  if (slot === undefined) {
    return { kind: "refused", why: whyNothingFailed(view, { host, service }) };
  }
  if (isHeld(slot)) {
    const why = `${host} is switching ${service} to ${slot.to} (${slot.step}) already`;
    return { kind: "refused", why };
  }
  return { kind: "retry", slot };
}

/** Why nothing can be said of a host that a service does not know. */
export function notOnRoster(host: string, service: string): string {
  return `${host} is not on the roster of ${service}; rollcall hosts list shows who is`;
}

/** Why there is no record of a host. One that a hook keeps from its switch has none, and tries again by itself. */
function whyNothingFailed(
  { roster, current }: HostWordReading["view"],
  { host, service }: Pick<HostWord, "host" | "service">,
): string {
  if (!roster.includes(host)) return notOnRoster(host, service);
  const entry = current.get(host);
  const { preparation = null, waitingFor = null } = entry ?? {};
  if (preparation?.phase !== "failed" || waitingFor === null) {
    return `no switch of ${service} has failed on ${host}, and nobody has left it out`;
  }
  return `${host} tries ${service} ${preparation.version} again by itself (${waitingFor}); ` +
    `at once: rollcall rollout skip ${host}, then rollcall rollout retry ${host}`;
}
