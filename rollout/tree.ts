/**
 * The layout of Rollcall's tree in ZooKeeper: every path in one place. No I/O; `docs/architecture.md` says who writes
 * what.
 *
 * @module
 */

/** Root of the tree; several fleets share an ensemble by a chroot in the connect string. */
export const ROOT = "/dc";

/** The persistent nodes that must exist before anything else can be written. */
export const SKELETON: readonly string[] = [
  ROOT,
  `${ROOT}/current`,
  `${ROOT}/staging`,
  `${ROOT}/deploy`,
  `${ROOT}/services`,
  `${ROOT}/slots`,
  `${ROOT}/serving`,
  `${ROOT}/ready`,
  `${ROOT}/done`,
  `${ROOT}/quarantined`,
  `${ROOT}/newcomers`,
  `${ROOT}/placed`,
  `${ROOT}/area_members`,
  `${ROOT}/area_serving`,
  `${ROOT}/history`,
];

/** The control node: `running`, `paused` or `halted`, by whom and why. */
export const CONTROL = `${ROOT}/control`;

/** Parent of the waves: the deploy queue. */
export const DEPLOY = `${ROOT}/deploy`;

/** Parent of the services and their rosters. */
export const SERVICES = `${ROOT}/services`;

/** Has no data; its version is moved on by every failure that counts for a plan (`maxFailures`). Made by the first one. */
export const FAILURES = `${ROOT}/failures`;

/** Parent of the rollouts' records. */
export const HISTORY = `${ROOT}/history`;

/** Parent of the entries of the hosts that are online, or the entry of one. */
export function currentPath(service: string, host?: string): string {
  return join(`${ROOT}/current/${service}`, host);
}

/** The release on offer; its children are the staging queue. */
export function stagingPath(service: string, entry?: string): string {
  return join(`${ROOT}/staging/${service}`, entry);
}

/** Prefix of the sequential node with which a host joins the staging queue. */
export function stagingPrefix(service: string, host: string): string {
  return `${stagingPath(service)}/${host}-`;
}

/** Where the hosts of the roster are counted that have never served, or where one is. */
export function newcomersPath(service: string, host?: string): string {
  return join(`${ROOT}/newcomers/${service}`, host);
}

/** Where the hosts are counted that are counted in their racks and sites, or where one is. */
export function placedPath(service: string, host?: string): string {
  return join(`${ROOT}/placed/${service}`, host);
}

/** Where the hosts of a rack or a site are counted that have served, or where one is. `area`: its key, see `areas.ts`. */
export function areaMembersPath(service: string, area: string, host?: string): string {
  return join(`${ROOT}/area_members/${service}/${area}`, host);
}

/** Where the hosts of a rack or a site are counted that serve, or where one is. */
export function areaServingPath(service: string, area: string, host?: string): string {
  return join(`${ROOT}/area_serving/${service}/${area}`, host);
}

/** Where the hosts are counted that serve, or where one is. */
export function servingPath(service: string, host?: string): string {
  return join(`${ROOT}/serving/${service}`, host);
}

/** Where the hosts are counted that are in quarantine, or where one is. */
export function quarantinedPath(service: string, host?: string): string {
  return join(`${ROOT}/quarantined/${service}`, host);
}

/** Where the hosts are counted that are ready for a wave, or where one is. `tally`: the wave's name for its counts. */
export function readyPath(service: string, tally: string, host?: string): string {
  return join(`${readyTallies(service)}/${tally}`, host);
}

/** Where the hosts are counted that serve a wave's version, or where one is. */
export function donePath(service: string, tally: string, host?: string): string {
  return join(`${doneTallies(service)}/${tally}`, host);
}

/** Parent of the tallies of the hosts that are ready. */
export function readyTallies(service: string): string {
  return `${ROOT}/ready/${service}`;
}

/** Parent of the tallies of the hosts that serve. */
export function doneTallies(service: string): string {
  return `${ROOT}/done/${service}`;
}

/** A wave, by the name of its node. */
export function wavePath(wave: string): string {
  return `${DEPLOY}/${wave}`;
}

/** Prefix of the sequential node of a wave. */
export function wavePrefix(service: string): string {
  return `${DEPLOY}/${service}-`;
}

/** The service's entry; its children are the roster. */
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

/** The name of an event's node, before the number that ZooKeeper gives it. */
export const EVENT = "event-";

/** Where an event of a rollout is created. */
export function eventPrefix(rollout: string): string {
  return `${historyPath(rollout)}/${EVENT}`;
}

/** The parts of a sequential node's name: `web-3-0000000012` is `web-3` and 12. */
export interface SequentialName {
  /** The whole name. */
  readonly node: string;
  /** The part before the last dash: a host or a service. */
  readonly prefix: string;
  /** The counter, a signed integer of 32 bits. */
  readonly sequence: number;
}

/**
 * Parses the name of a sequential node. ZooKeeper appends its counter as `%010d`, sign included: `-000000001` after it has
 * passed 2^31. So the sequence is cut off from the right, and a prefix may contain dashes and digits, but not end in a
 * dash.
 *
 * @returns `null` for a name that no sequential create can have made.
 */
export function parseSequentialName(node: string): SequentialName | null {
  if (isUsualSequential(node)) {
    const dash = node.length - SEQUENCE_LENGTH - 1;
    return { node, prefix: node.slice(0, dash), sequence: Number(node.slice(dash + 1)) };
  }
  const match = /^(.+?)-(\d{10}|-\d{9}|-[1-9]\d{9})$/.exec(node);
  if (match === null) return null;
  const [, prefix, digits] = match;
  if (prefix === undefined || digits === undefined) return null;
  return { node, prefix, sequence: Number(digits) };
}

/** Digits of a counter that has no sign. */
const SEQUENCE_LENGTH = 10;

/** Whether a name is a printable prefix that does not end in a dash, a dash, and a counter without a sign: nearly all are. */
function isUsualSequential(node: string): boolean {
  const dash = node.length - SEQUENCE_LENGTH - 1;
  if (dash < 1 || node.charCodeAt(dash) !== 0x2d || node.charCodeAt(dash - 1) === 0x2d) {
    return false;
  }
  for (let index = dash + 1; index < node.length; index++) {
    const unit = node.charCodeAt(index);
    if (unit < 0x30 || unit > 0x39) return false;
  }
  for (let index = 0; index < dash; index++) {
    const unit = node.charCodeAt(index);
    if (unit < 0x20 || unit > 0x7e) return false;
  }
  return true;
}

/**
 * Parses names and sorts them in the order of the queue, oldest first; names that are not sequential are left out. The
 * counter has 32 bits and wraps around, so the order is that of the signed distance between two counters.
 */
export function sortSequential(nodes: readonly string[]): SequentialName[] {
  return nodes.map(parseSequentialName)
    .filter((name) => name !== null)
    .sort((a, b) => (a.sequence - b.sequence) | 0);
}

function join(parent: string, child: string | undefined): string {
  return child === undefined ? parent : `${parent}/${child}`;
}
