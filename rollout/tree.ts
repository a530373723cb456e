/**
 * The layout of Rollcall's tree in ZooKeeper: every path in one place. No I/O; who writes what is said in
 * `docs/architecture.md`.
 *
 * @module
 */

/** Default root of the tree; a connect string with a chroot puts several fleets into one ensemble. */
export const ROOT = "/dc";

/** The persistent nodes that must exist before anything else can be written. */
export const SKELETON: readonly string[] = [
  ROOT,
  `${ROOT}/current`,
  `${ROOT}/staging`,
  `${ROOT}/deploy`,
  `${ROOT}/services`,
  `${ROOT}/slots`,
  `${ROOT}/history`,
];

/** `running`, `paused` or `halted`, by whom and why. */
export const CONTROL = `${ROOT}/control`;

/** Parent of the waves, the queue of services to upgrade. */
export const DEPLOY = `${ROOT}/deploy`;

/** Parent of the services and their rosters. */
export const SERVICES = `${ROOT}/services`;

/** Parent of the rollouts' records. */
export const HISTORY = `${ROOT}/history`;

/** Parent of what each host of the service runs now. */
export function currentPath(service: string, host?: string): string {
  return join(`${ROOT}/current/${service}`, host);
}

/** The release on offer; its children are the queue of hosts ready to roll. */
export function stagingPath(service: string, entry?: string): string {
  return join(`${ROOT}/staging/${service}`, entry);
}

/** Prefix for the sequential node with which a host joins the staging queue. */
export function stagingPrefix(service: string, host: string): string {
  return `${stagingPath(service)}/${host}-`;
}

/** One wave, by the name of its node. */
export function wavePath(wave: string): string {
  return `${DEPLOY}/${wave}`;
}

/** Prefix for the sequential node of a wave. */
export function wavePrefix(service: string): string {
  return `${DEPLOY}/${service}-`;
}

/** The service's policy and committed release; its children are the roster. */
export function servicePath(service: string, host?: string): string {
  return join(`${SERVICES}/${service}`, host);
}

/** The service's admission counter; its children are the slots. */
export function slotsPath(service: string, host?: string): string {
  return join(`${ROOT}/slots/${service}`, host);
}

/** The record of one rollout. */
export function historyPath(rollout: string): string {
  return `${HISTORY}/${rollout}`;
}

/** A sequential node's name, taken apart: `web-3-0000000012` is `web-3` and 12. */
export interface SequentialName {
  readonly node: string;
  readonly prefix: string;
  readonly sequence: number;
}

/**
 * Takes the name of a sequential node apart. ZooKeeper appends its counter as `%010d`, sign included: `-000000001` after
 * it passed 2^31. So the sequence is cut off from the right, and a prefix may hold dashes and digits, but not end in a
 * dash.
 *
 * @returns `null` for a name that no sequential create can have made.
 */
export function parseSequentialName(node: string): SequentialName | null {
  const match = /^(.+?)-(\d{10}|-\d{9}|-[1-9]\d{9})$/.exec(node);
  if (match === null) return null;
  const [, prefix, digits] = match;
  if (prefix === undefined || digits === undefined) return null;
  return { node, prefix, sequence: Number(digits) };
}

/**
 * Takes names apart and puts them in queue order, oldest first; foreign names are left out. The counter is one of 32
 * bits that wraps around, so what counts is the distance between two names and not which number is greater.
 */
export function sortSequential(nodes: readonly string[]): SequentialName[] {
  return nodes.map(parseSequentialName)
    .filter((name) => name !== null)
    .sort((a, b) => (a.sequence - b.sequence) | 0);
}

function join(parent: string, child: string | undefined): string {
  return child === undefined ? parent : `${parent}/${child}`;
}
