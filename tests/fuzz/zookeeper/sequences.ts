// Random sequences of requests from several clients, as plain data that can be printed, shrunk and replayed.
import type { Acl } from "../../../zookeeper/mod.ts";
import { Dice } from "./random.ts";

/** Number of clients. The first one has no credentials, the second is ann, the third is ann and bob. */
export const clientCount = 3;

/** A create, alone or in a `multi`. */
export interface CreateStep {
  op: "create";
  opcode: "create" | "create2" | "createContainer" | "createTtl";
  path: string;
  /** Null is not the same as empty. */
  data: string | null;
  acl: Acl[];
  flags: number;
  ttl: number;
}

/** One change that a `multi` may hold. */
export type ChangeStep =
  | CreateStep
  | { op: "set"; path: string; data: string | null; version: number }
  | { op: "delete"; path: string; version: number }
  | { op: "check"; path: string; version: number };

/** One request. */
export type RequestStep =
  | ChangeStep
  | { op: "exists" | "get" | "children" | "children2"; path: string; watch: boolean }
  | { op: "getAcl" | "sync" | "ephemerals" | "count"; path: string }
  | { op: "setAcl"; path: string; acl: Acl[]; version: number }
  | { op: "multi"; parts: ChangeStep[] }
  | { op: "multiRead"; parts: { op: "get" | "children"; path: string }[] }
  | { op: "addWatch" | "removeWatches" | "checkWatches"; path: string; mode: number }
  | { op: "setWatches" | "setWatches2"; lists: string[][] }
  | { op: "auth"; scheme: string; secret: string }
  | { op: "whoAmI" | "ping" | "end" };

/** One request, several that are sent before any is answered, or something that happens to a connection. */
export type StepBody =
  | RequestStep
  | { op: "burst"; parts: RequestStep[] }
  | { op: "reconnect"; moved: boolean }
  | { op: "intrude" };

/** What one client does. */
export type Step = { client: number } & StepBody;

const acls: Acl[][] = [
  [{ permissions: 31, scheme: "world", id: "anyone" }],
  [{ permissions: 1, scheme: "world", id: "anyone" }],
  [{ permissions: 31, scheme: "auth", id: "" }],
  [{ permissions: 31, scheme: "ip", id: "127.0.0.1" }],
  [{ permissions: 31, scheme: "ip", id: "10.1.0.0/16" }],
  [
    { permissions: 3, scheme: "world", id: "anyone" },
    { permissions: 31, scheme: "auth", id: "" },
  ],
  [
    { permissions: 31, scheme: "world", id: "anyone" },
    { permissions: 31, scheme: "digest", id: ":hash" },
    { permissions: 31, scheme: "world", id: "anyone" },
    { permissions: 31, scheme: "digest", id: "user:hash:" },
  ],
  // The following ones are invalid.
  [],
  [{ permissions: 31, scheme: "world", id: "nobody" }],
  [{ permissions: 31, scheme: "unheard-of", id: "x" }],
  [{ permissions: 31, scheme: "ip", id: "300.1.1.1" }],
  [{ permissions: 31, scheme: "digest", id: "no-colon" }],
  [{ permissions: 31, scheme: "digest", id: "no-hash:" }],
];

/** Returns the sequence of a seed. */
export function makeSequence(seed: number): Step[] {
  const dice = new Dice(seed);
  const length = 10 + dice.below(30);
  return Array.from({ length }, () => ({ client: dice.below(clientCount), ...makeStep(dice) }));
}

function makeStep(dice: Dice): StepBody {
  const kind = dice.weighted({ request: 84, burst: 12, reconnect: 3, intrude: 1 });
  switch (kind) {
    case "request":
      return makeRequest(dice);
    case "burst":
      return { op: "burst", parts: makeBurst(dice) };
    case "reconnect":
      return { op: "reconnect", moved: dice.chance(0.3) };
    case "intrude":
      return { op: "intrude" };
  }
}

/**
 * Nothing follows the end of the session, as with every client. No credentials: ZooKeeper takes them out of
 * turn. Nothing behind a setAcl: ZooKeeper may judge what was sent with it by the list from before.
 */
function makeBurst(dice: Dice): RequestStep[] {
  const parts: RequestStep[] = [];
  for (let left = 2 + dice.below(6); left > 0; left--) {
    const part = makeRequest(dice);
    if (part.op === "auth") continue;
    parts.push(part);
    if (part.op === "end" || part.op === "setAcl") break;
  }
  return parts;
}

function makeRequest(dice: Dice): RequestStep {
  const op = dice.weighted({
    create: 22,
    set: 10,
    delete: 10,
    // Outside a multi it makes ZooKeeper close the connection.
    check: 0,
    exists: 8,
    get: 8,
    children: 4,
    children2: 4,
    getAcl: 3,
    sync: 1,
    ephemerals: 2,
    count: 2,
    setAcl: 3,
    multi: 10,
    multiRead: 3,
    addWatch: 5,
    removeWatches: 3,
    // ZooKeeper 3.8.0 says yes to it whenever anybody at all watches the path; that is not worth having.
    checkWatches: 0,
    setWatches: 1,
    setWatches2: 2,
    whoAmI: 1,
    auth: 1,
    ping: 1,
    end: 0.5,
  });
  const path = makePath(dice);
  switch (op) {
    case "create":
    case "set":
    case "delete":
    case "check":
      return makeChange(dice, op);
    case "exists":
    case "get":
    case "children":
    case "children2":
      return { op, path, watch: dice.chance(0.6) };
    case "getAcl":
    case "sync":
    case "ephemerals":
    case "count":
      return { op, path };
    case "setAcl":
      return { op, path, acl: makeAcl(dice), version: makeVersion(dice) };
    case "multi":
      return {
        op,
        parts: Array.from(
          { length: dice.below(5) },
          () => makeChange(dice, dice.weighted({ create: 5, set: 3, delete: 2, check: 2 })),
        ),
      };
    case "multiRead":
      return {
        op,
        parts: Array.from({ length: dice.below(4) }, () => ({
          op: dice.pick(["get", "children"] as const),
          path: makePath(dice),
        })),
      };
    case "addWatch":
      return { op, path, mode: dice.pick([0, 0, 1, 1, 1, 7]) };
    case "removeWatches":
    case "checkWatches":
      return { op, path, mode: dice.pick([1, 2, 3, 3, 9]) };
    case "setWatches":
    case "setWatches2":
      return {
        op,
        lists: Array.from(
          { length: op === "setWatches" ? 3 : 5 },
          () => Array.from({ length: dice.below(3) }, () => makePath(dice)),
        ),
      };
    case "auth":
      return dice.pick([
        { op, scheme: "digest", secret: "ann:a" },
        { op, scheme: "digest", secret: "bob:b" },
        { op, scheme: "ip", secret: "" },
        { op, scheme: "digest", secret: "no-colon" },
        { op, scheme: "unheard-of", secret: "x" },
      ]);
    case "whoAmI":
    case "ping":
    case "end":
      return { op };
  }
}

function makeChange(dice: Dice, op: ChangeStep["op"]): ChangeStep {
  // Any other use of the root or the server's own nodes would show the other sequences that are under way.
  const path = dice.chance(0.01)
    ? { delete: "/zookeeper", create: "no-slash", set: "", check: "" }[op]
    : makePath(dice);
  switch (op) {
    case "create": {
      const opcode = dice.weighted({ create: 10, create2: 4, createContainer: 1, createTtl: 1 });
      const usual = { create: [0, 0, 0, 1, 1, 2, 3], create2: [0, 1, 2, 3] };
      const flags = opcode === "createContainer"
        ? 4
        : opcode === "createTtl"
        ? dice.pick([5, 6])
        : dice.pick(usual[opcode]);
      return {
        op,
        opcode,
        path: (flags === 2 || flags === 3 || flags === 6) && dice.chance(0.3) ? `${path}/` : path,
        data: dice.chance(0.1) ? null : "x".repeat(dice.below(4)),
        acl: makeAcl(dice),
        // Now and then flags that mean nothing. (Those of another operation make chimeras in ZooKeeper, as a
        // container with a sequence number, which the coordinator refuses.)
        flags: dice.chance(0.03) ? dice.pick([-1, 7, 8]) : flags,
        ttl: dice.pick([1_000_000, 1_000_000, 1_000_000, 0, -1, 2 ** 41]),
      };
    }
    case "set":
      return {
        op,
        path,
        data: dice.chance(0.1) ? null : "y".repeat(dice.below(4)),
        version: makeVersion(dice),
      };
    case "delete":
    case "check":
      return { op, path, version: makeVersion(dice) };
  }
}

function makeVersion(dice: Dice): number {
  return dice.chance(0.6) ? -1 : dice.below(3);
}

function makeAcl(dice: Dice): Acl[] {
  if (dice.chance(0.8)) return acls[0] as Acl[];
  return dice.pick(acls);
}

/** A path below the sequence's own node, which stands for `ROOT`; now and then one that is none. */
function makePath(dice: Dice): string {
  if (dice.chance(0.02)) {
    return dice.pick(["a", "ROOT//a", "ROOT/a/", "ROOT/./a", "ROOT/\u0001"]);
  }
  const depth = dice.weighted({ 0: 1, 1: 6, 2: 5, 3: 2 });
  let path = "ROOT";
  for (let level = 0; level < Number(depth); level++) path += `/${dice.pick(["a", "b"])}`;
  return path;
}
