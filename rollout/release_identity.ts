/**
 * Which release is meant. A version is only a name: whoever publishes it once more elsewhere may give it other content. So a
 * release is known by its version and its info hash, and this is the one place where two are compared.
 *
 * @module
 */

/** A release, or whatever names one: the entry of a host, a wave, what a host has on its disk. */
export interface ReleaseIdentity {
  /** Its version; `null` where there is none. */
  readonly version: string | null;
  /**
   * Its info hash; `null` for a release without a blob. Left out where it is not known: in the entries of agents from before
   * there was this field, and where a host has lost its receipt.
   */
  readonly infoHash?: string | null | undefined;
  /**
   * By which restart it was started, or is to be: the id of the rollout that has the same version started anew. `null`: by none.
   * Left out where it does not matter, or is not known.
   */
  readonly restart?: string | null | undefined;
}

/**
 * Whether both name the same release. What is not known counts as equal: if it did not, the hosts of a fleet that is being
 * upgraded from entries without info hashes would wait for each other for ever.
 */
export function isSameRelease(one: ReleaseIdentity, other: ReleaseIdentity): boolean {
  return one.version !== null && one.version === other.version && !isOtherContent(one, other) &&
    !isOtherRun(one, other);
}

/** Whether both are known to be of different restarts: then a process of the one is none of the other, version or not. */
export function isOtherRun(
  one: Pick<ReleaseIdentity, "restart">,
  other: Pick<ReleaseIdentity, "restart">,
): boolean {
  return one.restart !== undefined && other.restart !== undefined && one.restart !== other.restart;
}

/** Whether both have the same version, and are known to have different content. */
export function isOtherContent(one: ReleaseIdentity, other: ReleaseIdentity): boolean {
  return one.version !== null && one.version === other.version && one.infoHash !== undefined &&
    other.infoHash !== undefined && one.infoHash !== other.infoHash;
}

/** Says that a version has other content than what is wanted under its name, and what to do. `place`: where it is known. */
export function describeOtherContent(
  { known, place, wanted }: {
    readonly known: ReleaseIdentity;
    readonly place: string;
    readonly wanted: ReleaseIdentity;
  },
): string {
  return `${wanted.version} is ${describeContent(known)} (${place}), and ${
    describeContent(wanted)
  } is wanted under the same version; ${OTHER_CONTENT_ADVICE}`;
}

/** What an operator does about a version that has two contents. */
export const OTHER_CONTENT_ADVICE =
  "publish the new content under another version, and roll that out";

function describeContent({ infoHash }: ReleaseIdentity): string {
  return infoHash === null ? "a release without a blob" : infoHash ?? "of unknown content";
}
