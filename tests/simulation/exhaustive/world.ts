/**
 * The state of a small fleet, whole: the tree, and of each host what runs, what its disk says, and what its agent is about to
 * do. Two states that differ in nothing that anybody can notice have the same key.
 *
 * @module
 */

import type { DrainNow } from "../../../actors/upgrade_coordinator/machine/drain.ts";
import type { Phase } from "../../../actors/upgrade_coordinator/machine/phase.ts";
import type { Switch } from "../../../actors/upgrade_coordinator/machine/switch.ts";
import { CONTROL, slotsPath, type transactions } from "../../../rollout/mod.ts";
import { type MemoryNode, type MemoryTree, SERVICE } from "../../unit/rollout/memory_tree.ts";

/** What a host does when its request has been answered. */
export type Asked =
  | { readonly kind: "take_slot"; readonly change: Switch }
  /** `offline`: the hosts without an entry in the reading that it was decided on. */
  | { readonly kind: "pass_fence"; readonly change: Switch; readonly offline: readonly string[] }
  | { readonly kind: "report" }
  | { readonly kind: "turn_back" }
  | { readonly kind: "change" };

/** A request on its way to the tree. */
export interface Request {
  readonly operations: transactions.Transaction;
  readonly session: string;
  readonly asked: Asked;
}

/** How far the agent is with its registration in this session. */
export type Registration = "none" | "enrolled" | "registered";

/** One host. */
export interface Host {
  readonly name: string;
  /** The version that its service runs; `null`: it is down. */
  readonly running: string | null;
  /** The switch on its disk. */
  readonly journal: Switch | null;
  /** Whether its service is down because a switch has stopped it. */
  readonly isStopped: boolean;
  /** Its agent; `null`: dead. */
  readonly agent: Agent | null;
  /** A session that its agent's end has left. */
  readonly leftSession: string | null;
  /** A request of an agent that is dead, still in the network. */
  readonly late: Request | null;
  /** Whether nobody sends it work: its hook `drain` was run, and `undrain` not since. */
  readonly isOut: boolean;
  /** How many sessions and slots it has had, for names that are new. */
  readonly count: number;
}

/** What an agent has in its memory. */
export interface Agent {
  readonly session: string;
  readonly registration: Registration;
  /** The epoch of its registration. */
  readonly epoch: number;
  readonly phase: Phase;
  readonly hasRejoined: boolean;
  /** What it has done about being drained. */
  readonly drain: DrainNow;
  /** What the switch does about which it has just decided. */
  readonly request: Request | null;
}

/** What may still go wrong, and what operators may still do. */
export interface Allowance {
  /** Ends of an agent, whose services go on. */
  readonly crashes: number;
  /** Ends of a machine, with all that runs on it. */
  readonly powerCuts: number;
  /** Sessions that end although their agents live. */
  readonly expiries: number;
  /** Requests, or answers to them, that are lost. */
  readonly losses: number;
  /** Versions that turn out unwell. */
  readonly failures: number;
  /** Pauses. */
  readonly pauses: number;
  /** Aborts. */
  readonly aborts: number;
  /** Hosts that an operator takes off the roster. */
  readonly forgets: number;
  /** Hosts that an operator drains, within the budget. He has each put back in the end. */
  readonly drains: number;
}

/** A state. */
export interface World {
  readonly tree: MemoryTree;
  readonly hosts: readonly Host[];
  readonly left: Allowance;
  /** Hosts that an operator has forgotten while a switch had stopped them: their slots are gone on purpose. */
  readonly forgotten: readonly string[];
  /** What the tree makes of each transaction; a planted bug leaves something out. Default: what it says. */
  readonly planted?: (operations: transactions.Transaction) => transactions.Transaction;
}

/** The tree after a transaction; `null` if it is refused. */
export function treeAfter(
  { tree, planted }: Pick<World, "tree" | "planted">,
  operations: transactions.Transaction,
  session: string,
): MemoryTree | null {
  const copy = tree.copy();
  return copy.apply(planted?.(operations) ?? operations, session) === null ? copy : null;
}

/** The same state with one host changed. */
export function withHost(world: World, host: Host): World {
  return {
    ...world,
    hosts: world.hosts.map((other) => other.name === host.name ? host : other),
  };
}

/** The same state with an agent's memory changed. */
export function withAgent(world: World, host: Host, change: Partial<Agent>): World {
  if (host.agent === null) throw new Error(`${host.name}: no agent`);
  return withHost(world, { ...host, agent: { ...host.agent, ...change } });
}

const texts = new WeakMap<Uint8Array, string>();

function textOf(data: Uint8Array): string {
  const known = texts.get(data);
  if (known !== undefined) return known;
  const text = new TextDecoder().decode(data);
  texts.set(data, text);
  return text;
}

/** What tells a state from others. Versions of nodes and numbers of sessions only count as far as anybody compares them. */
export function keyOf(world: World): string {
  const { tree, hosts } = world;
  const nodes = tree.nodes();
  const sessions = new Map(hosts.flatMap(({ name, agent, leftSession }) => [
    ...agent === null ? [] : [[agent.session, `${name}'s`] as const],
    ...leftSession === null ? [] : [[leftSession, `${name}'s last`] as const],
  ]));
  const slots = new Set(hosts.map(({ name }) => slotsPath(SERVICE, name)));
  const shared = [...nodes].filter(([path]) => !slots.has(path))
    .map(([path, { data, session }]) =>
      `${path} ${session === null ? "" : sessions.get(session)} ${textOf(data)}`
    ).sort();
  const parts = hosts.map((host) => keyOfHost(host, nodes));
  const text = [...shared, ...parts, JSON.stringify(world.left), ...world.forgotten].join("\n");
  return rankPlaces(compareControl(text, nodes.get(CONTROL)?.version ?? 0));
}

function keyOfHost(host: Host, nodes: ReadonlyMap<string, MemoryNode>): string {
  const slot = nodes.get(slotsPath(SERVICE, host.name));
  const roster = nodes.get(`/dc/services/${SERVICE}/${host.name}`);
  const { agent } = host;
  const text = [
    host.running,
    host.isStopped,
    host.isOut,
    slot === undefined ? "-" : textOf(slot.data),
    JSON.stringify(host.journal),
    keyOfRequest(host.late, nodes),
    host.leftSession === null ? "-" : "left",
    ...agent === null ? ["dead"] : [
      agent.registration,
      agent.registration === "none" ? "" : agent.epoch === roster?.version,
      JSON.stringify(agent.phase),
      agent.hasRejoined,
      // As it is, since it is compared with what stands on the roster.
      `${agent.drain.isOut} ${agent.drain.putBackBy === null} ${agent.drain.putBackBy?.sinceMs}`,
      keyOfRequest(agent.request, nodes),
    ],
  ].join(" | ");
  return rank(text, /"sinceMs":(\d+)/g, (number) => `"sinceMs":#${number}`);
}

/** A request that will be refused for the version of a node is as good as any other that will. */
function keyOfRequest(request: Request | null, nodes: ReadonlyMap<string, MemoryNode>): string {
  if (request === null) return "-";
  const { operations, asked } = request;
  const isOld = operations.some((operation) =>
    "version" in operation && operation.version !== undefined &&
    nodes.get(operation.path)?.version !== operation.version
  );
  if (isOld) return `old ${JSON.stringify(asked)}`;
  const texts = operations.map((operation) =>
    `${operation.op} ${operation.path} ${"data" in operation ? textOf(operation.data) : ""}`
  );
  return `${texts.join(", ")} ${JSON.stringify(asked)}`;
}

/** Versions of the control node in records of failures: only whether it has changed since counts. */
function compareControl(text: string, version: number): string {
  return text.replaceAll(
    /"controlVersion":(\d+)/g,
    (_, found) => `"controlVersion":${Math.sign(Number(found) - version)}`,
  );
}

/** Numbers of places in the staging queue: only their order counts. */
function rankPlaces(text: string): string {
  return rank(text, /(?<=web-\d-)(\d{10})/g, (number) => `#${number}`);
}

function rank(text: string, pattern: RegExp, put: (number: number) => string): string {
  const found = [...new Set([...text.matchAll(pattern)].map(([, number]) => Number(number)))]
    .sort((a, b) => a - b);
  return text.replaceAll(pattern, (_, number) => put(found.indexOf(Number(number))));
}
