// Plays a sequence on one server over raw connections, and writes down everything that the clients see:
// replies and watch events in their order, with what differs between servers (zxids, times, session ids)
// put into terms that do not.
import type { Stat } from "../../../zookeeper/mod.ts";
import { parentPath } from "../../../zookeeper/paths.ts";
import type { JuteReader, JuteWriter } from "../../../zookeeper/wire/jute.ts";
import { opcodes } from "../../../zookeeper/wire/protocol.ts";
import {
  multiEnd,
  readAcl,
  readMultiHeader,
  readReplyHeader,
  readStat,
  writeAcl,
  writeMultiHeader,
} from "../../../zookeeper/wire/records.ts";
import { RawClient } from "../../integration/zookeeper/raw_client.ts";
import { type ChangeStep, clientCount, type Step } from "./sequences.ts";

/** What one client saw, in its order. */
export type Sight = { client: number; step: number; saw: unknown };

const credentials = [[], ["ann:a"], ["ann:a", "bob:b"]];

const stepOpcodes: Record<Exclude<Step["op"], "create" | "reconnect">, number> = {
  set: opcodes.setData,
  delete: opcodes.delete,
  check: opcodes.check,
  exists: opcodes.exists,
  get: opcodes.getData,
  children: opcodes.getChildren,
  children2: opcodes.getChildren2,
  getAcl: opcodes.getAcl,
  sync: opcodes.sync,
  ephemerals: opcodes.getEphemerals,
  count: opcodes.getAllChildrenNumber,
  setAcl: opcodes.setAcl,
  multi: opcodes.multi,
  multiRead: opcodes.multiRead,
  addWatch: opcodes.addWatch,
  removeWatches: opcodes.removeWatches,
  checkWatches: opcodes.checkWatches,
  setWatches: opcodes.setWatches,
  setWatches2: opcodes.setWatches2,
  whoAmI: opcodes.whoAmI,
  end: opcodes.closeSession,
};

interface Player {
  raw: RawClient;
  sessionId: bigint;
  password: Uint8Array;
  xid: number;
  lastZxid: bigint;
  /** Its server has closed the connection. */
  gone: boolean;
}

/** Plays a sequence below a node of its own. */
export async function play(port: number, root: string, steps: readonly Step[]): Promise<Sight[]> {
  const sights: Sight[] = [];
  const owners = new Map<bigint, number>();
  const players: Player[] = [];
  const toServer = (path: string) => path.replace("ROOT", root);
  let stepIndex = -1;
  try {
    for (let client = 0; client < clientCount; client++) players.push(await join(client));
    const maker = players[0] as Player;
    // A node around it, so that what a sequence makes beside its root meets no other sequence.
    for (const path of [parentPath(root), root]) {
      await call(0, maker, opcodes.create, (writer) => {
        writer.string(path);
        writer.buffer(new Uint8Array(0));
        writeAcl(writer, [{ permissions: 31, scheme: "world", id: "anyone" }]);
        writer.int(0);
      });
    }
    for (const step of steps) {
      stepIndex++;
      const { client } = step;
      let player = players[client] as Player;
      if (step.op === "reconnect" || player.gone) {
        player.raw.close();
        const session = player.gone ? undefined : player;
        player = players[client] = await join(client, session);
        if (step.op === "reconnect") continue;
      }
      const opcode = step.op === "create" ? opcodes[step.opcode] : stepOpcodes[step.op];
      await call(client, player, opcode, (writer) => writeStep(writer, step, player));
      if (step.op === "end") player.gone = true;
    }
    stepIndex = steps.length;
    // What is on its way to the others arrives before the answer to a ping.
    for (const [client, player] of players.entries()) {
      if (!player.gone) await ping(client, player);
    }
    for (const player of players) {
      if (!player.gone) await send(player, -11, -11, () => {});
      while (!player.gone && await player.raw.receive() !== undefined);
    }
  } finally {
    for (const player of players) player.raw.close();
  }
  return mapped(sights, root, owners);

  async function join(client: number, session?: Player): Promise<Player> {
    const raw = await RawClient.connect(port);
    const response = await raw.shakeHands({
      timeoutMs: 30_000,
      ...(session === undefined
        ? {}
        : { sessionId: session.sessionId, password: session.password }),
    });
    const { sessionId, password, timeoutMs } = response;
    if (timeoutMs <= 0) sights.push({ client, step: stepIndex, saw: "session refused" });
    owners.set(sessionId, client);
    const player: Player = {
      raw,
      sessionId,
      password,
      xid: 0,
      lastZxid: session?.lastZxid ?? 0n,
      gone: timeoutMs <= 0,
    };
    for (const secret of credentials[client] ?? []) {
      await send(player, -4, opcodes.auth, (writer) => {
        writer.int(0);
        writer.string("digest");
        writer.buffer(new TextEncoder().encode(secret));
      });
      await answer(client, player, -4, () => "auth");
    }
    return player;
  }

  async function call(
    client: number,
    player: Player,
    opcode: number,
    write: (writer: JuteWriter) => void,
  ): Promise<void> {
    const xid = opcode === opcodes.setWatches || opcode === opcodes.setWatches2 ? -8 : ++player.xid;
    await send(player, xid, opcode, write);
    await answer(client, player, xid, (reader) => readBody(opcode, reader));
  }

  async function ping(client: number, player: Player): Promise<void> {
    await send(player, -2, opcodes.ping, () => {});
    await answer(client, player, -2, () => "ping");
  }

  async function send(
    player: Player,
    xid: number,
    opcode: number,
    write: (writer: JuteWriter) => void,
  ) {
    try {
      await player.raw.send((writer) => {
        writer.int(xid);
        writer.int(opcode);
        write(writer);
      });
    } catch {
      // The answer will say that it is gone.
    }
  }

  /** Writes down events until the reply has come, and then the reply. */
  async function answer(
    client: number,
    player: Player,
    xid: number,
    read: (reader: JuteReader) => unknown,
  ): Promise<void> {
    for (;;) {
      const reader = await player.raw.receive();
      if (reader === undefined) {
        player.gone = true;
        sights.push({ client, step: stepIndex, saw: "the server closed the connection" });
        return;
      }
      const header = readReplyHeader(reader);
      if (header.xid === -1) {
        const saw = { event: reader.int(), state: reader.int(), path: reader.string() };
        sights.push({ client, step: stepIndex, saw });
        continue;
      }
      if (header.zxid > player.lastZxid) player.lastZxid = header.zxid;
      const body = header.error === 0 && reader.remainingBytes > 0
        ? tried(read, reader)
        : undefined;
      const rest = header.error === 0 ? reader.remainingBytes : 0;
      const saw = {
        xid: header.xid === xid ? "as asked" : header.xid,
        zxid: header.zxid <= 0n ? Number(header.zxid) : "some",
        error: header.error,
        body,
      };
      sights.push({ client, step: stepIndex, saw: rest === 0 ? saw : { ...saw, rest } });
      return;
    }
  }

  function writeStep(writer: JuteWriter, step: Step, player: Player): void {
    switch (step.op) {
      case "create":
      case "set":
      case "delete":
      case "check":
        writeChange(writer, step);
        break;
      case "exists":
      case "get":
      case "children":
      case "children2":
        writer.string(toServer(step.path));
        writer.bool(step.watch);
        break;
      case "getAcl":
      case "sync":
      case "ephemerals":
      case "count":
        writer.string(toServer(step.path));
        break;
      case "setAcl":
        writer.string(toServer(step.path));
        writeAcl(writer, step.acl);
        writer.int(step.version);
        break;
      case "multi":
        for (const part of step.parts) {
          const type = part.op === "create" ? opcodes[part.opcode] : stepOpcodes[part.op];
          writeMultiHeader(writer, { type, done: false, error: -1 });
          writeChange(writer, part);
        }
        writeMultiHeader(writer, multiEnd);
        break;
      case "multiRead":
        for (const part of step.parts) {
          writeMultiHeader(writer, { type: stepOpcodes[part.op], done: false, error: -1 });
          writer.string(toServer(part.path));
          writer.bool(false);
        }
        writeMultiHeader(writer, multiEnd);
        break;
      case "addWatch":
      case "removeWatches":
      case "checkWatches":
        writer.string(toServer(step.path));
        writer.int(step.mode);
        break;
      case "setWatches":
      case "setWatches2":
        writer.long(player.lastZxid);
        for (const list of step.lists) writer.strings(list.map(toServer));
        break;
      case "whoAmI":
      case "end":
      case "reconnect":
        break;
    }
  }

  function writeChange(writer: JuteWriter, step: ChangeStep): void {
    writer.string(toServer(step.path));
    switch (step.op) {
      case "create":
        writer.buffer(new TextEncoder().encode(step.data));
        writeAcl(writer, step.acl);
        writer.int(step.flags);
        if (step.opcode === "createTtl") writer.longFromNumber(step.ttl);
        break;
      case "set":
        writer.buffer(new TextEncoder().encode(step.data));
        writer.int(step.version);
        break;
      case "delete":
      case "check":
        writer.int(step.version);
        break;
    }
  }
}

function readBody(opcode: number, reader: JuteReader): unknown {
  switch (opcode) {
    case opcodes.create:
    case opcodes.sync:
      return reader.string();
    case opcodes.create2:
    case opcodes.createContainer:
    case opcodes.createTtl:
      return { path: reader.string(), stat: readStat(reader) };
    case opcodes.setData:
    case opcodes.setAcl:
    case opcodes.exists:
      return readStat(reader);
    case opcodes.getData:
      return { data: [...reader.buffer()], stat: readStat(reader) };
    case opcodes.getChildren:
    case opcodes.getEphemerals:
      return reader.strings().sort();
    case opcodes.getChildren2:
      return { children: reader.strings().sort(), stat: readStat(reader) };
    case opcodes.getAcl:
      return { acl: readAcl(reader), stat: readStat(reader) };
    case opcodes.getAllChildrenNumber:
    case opcodes.addWatch:
      return reader.int();
    case opcodes.whoAmI:
      return reader.list(8, () => [reader.string(), reader.string()]).sort();
    case opcodes.multi:
    case opcodes.multiRead:
      return readResults(reader);
    default:
      return undefined;
  }
}

function readResults(reader: JuteReader): unknown[] {
  const results: unknown[] = [];
  for (let header = readMultiHeader(reader); !header.done; header = readMultiHeader(reader)) {
    const hasBody = header.type !== opcodes.delete && header.type !== opcodes.check;
    const body = header.type === opcodes.error
      ? reader.int()
      : hasBody
      ? readBody(header.type, reader)
      : undefined;
    results.push({ type: header.type, error: header.error, body });
  }
  return results;
}

/** A body that is not what its operation should answer with is a sight of its own. */
function tried(read: (reader: JuteReader) => unknown, reader: JuteReader): unknown {
  try {
    return read(reader);
  } catch (error) {
    return `unreadable: ${error instanceof Error ? error.message : error}`;
  }
}

/** Puts ranks for zxids, client numbers for session ids, and nothing for times. */
function mapped(sights: Sight[], root: string, owners: Map<bigint, number>): Sight[] {
  const zxids = new Set<bigint>();
  const visit = (value: unknown, on: (stat: Stat) => unknown): unknown => {
    if (Array.isArray(value)) return value.map((each) => visit(each, on));
    if (typeof value === "string") {
      return value.replaceAll(root, "ROOT").replaceAll(parentPath(root), "AROUND");
    }
    if (typeof value !== "object" || value === null) return value;
    if ("czxid" in value) return on(value as Stat);
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key, visit(each, on)]),
    );
  };
  visit(sights, (stat) => {
    for (const zxid of [stat.czxid, stat.mzxid, stat.pzxid]) zxids.add(zxid);
    return stat;
  });
  const ranks = new Map(
    [...zxids].sort((a, b) => a < b ? -1 : 1).map((zxid, rank) => [zxid, rank]),
  );
  return visit(sights, (stat) => ({
    czxid: ranks.get(stat.czxid),
    mzxid: ranks.get(stat.mzxid),
    pzxid: ranks.get(stat.pzxid),
    timesInOrder: stat.ctimeMs <= stat.mtimeMs,
    version: stat.version,
    cversion: stat.cversion,
    aversion: stat.aversion,
    owner: stat.ephemeralOwner === 0n ? null : owners.get(stat.ephemeralOwner) ?? "unknown",
    dataSizeBytes: stat.dataSizeBytes,
    numChildren: stat.numChildren,
  })) as Sight[];
}
