// Plays a sequence on one server over raw connections, and records everything that the clients observe: replies and watch
// events in their order.
import { parentPath } from "../../../zookeeper/paths.ts";
import type { JuteReader, JuteWriter } from "../../../zookeeper/wire/jute.ts";
import { opcodes, xids } from "../../../zookeeper/wire/protocol.ts";
import { readReplyHeader, writeAcl } from "../../../zookeeper/wire/records.ts";
import { RawClient } from "../../integration/zookeeper/raw_client.ts";
import { clientCount, type RequestStep, type Step } from "./sequences.ts";
import { newestZxid, normalize, type Observation } from "./observations.ts";
import { changingOpcodes, opcodeOf, readBody, writeStep } from "./step_codec.ts";

const credentials = [[], ["ann:a"], ["ann:a", "bob:b"]];

/** Long enough that no session expires while a sequence is played on a busy machine. */
const sessionTimeoutMs = 30_000;

interface Player {
  raw: RawClient;
  sessionId: bigint;
  password: Uint8Array;
  xid: number;
  lastZxid: bigint;
  /** Whether the server has closed the connection. */
  gone: boolean;
}

/** A request that was sent. */
interface Sent {
  xid: number;
  opcode: number;
}

/** Plays a sequence below a node of its own. */
export async function play(
  port: number,
  root: string,
  steps: readonly Step[],
): Promise<Observation[]> {
  const observations: Observation[] = [];
  const owners = new Map<bigint, number>();
  const players: Player[] = [];
  const toServer = (path: string) => path.replace("ROOT", root);
  let stepIndex = -1;
  try {
    for (let client = 0; client < clientCount; client++) players.push(await join(client));
    await makeRoot();
    for (const step of steps) {
      stepIndex++;
      await playStep(step);
    }
    stepIndex = steps.length;
    // Events on their way to the other clients arrive before the answer to a ping.
    for (const [client, player] of players.entries()) {
      if (!player.gone) await requests(client, player, [{ op: "ping" }]);
    }
    for (const player of players) {
      if (!player.gone) await send(player, opcodes.closeSession, () => {});
      while (!player.gone && await player.raw.receive() !== undefined);
    }
  } finally {
    for (const player of players) player.raw.close();
  }
  return normalize(observations, root, owners);

  /** Creates the root below a node of its own, so that no other sequence sees what a sequence creates beside its root. */
  async function makeRoot(): Promise<void> {
    const maker = players[0] as Player;
    for (const path of [parentPath(root), root]) {
      const sent = await send(maker, opcodes.create, (writer) => {
        writer.string(path);
        writer.buffer(new Uint8Array(0));
        writeAcl(writer, [{ permissions: 31, scheme: "world", id: "anyone" }]);
        writer.int(0);
      });
      await answer(0, maker, sent);
    }
  }

  async function playStep(step: Step): Promise<void> {
    const { client } = step;
    let player = players[client] as Player;
    if (step.op === "reconnect" || step.op === "intrude" || player.gone) {
      const { raw: earlier } = player;
      // If moved, the session goes on over the new connection while the old one is still open.
      if (step.op !== "reconnect" || !step.moved) earlier.close();
      if (step.op === "intrude") await intrude(client, player);
      player = players[client] = await join(client, player.gone ? undefined : player);
      earlier.close();
      if (step.op === "reconnect" || step.op === "intrude") return;
    }
    await requests(client, player, step.op === "burst" ? step.parts : [step]);
  }

  /**
   * Asks for another client's session without its password. (Not while its client is connected: ZooKeeper disconnects that
   * client before it checks the password, which the coordinator does not.)
   */
  async function intrude(client: number, { sessionId }: Player): Promise<void> {
    const raw = await RawClient.connect(port);
    const { timeoutMs } = await raw.shakeHands({ timeoutMs: sessionTimeoutMs, sessionId });
    observations.push({ client, step: stepIndex, saw: { intruded: timeoutMs > 0 } });
    await raw.closedByServer();
    raw.close();
  }

  async function join(client: number, session?: Player): Promise<Player> {
    const raw = await RawClient.connect(port);
    const response = await raw.shakeHands({
      timeoutMs: sessionTimeoutMs,
      ...(session === undefined
        ? {}
        : { sessionId: session.sessionId, password: session.password }),
    });
    const { sessionId, password, timeoutMs } = response;
    if (timeoutMs <= 0) observations.push({ client, step: stepIndex, saw: "session refused" });
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
      await requests(client, player, [{ op: "auth", scheme: "digest", secret }]);
    }
    return player;
  }

  /** Sends all requests, and then reads their replies. */
  async function requests(
    client: number,
    player: Player,
    steps: readonly RequestStep[],
  ): Promise<void> {
    const sent: Sent[] = [];
    for (const step of steps) {
      const { lastZxid } = player;
      sent.push(
        await send(
          player,
          opcodeOf(step),
          (writer) => writeStep(writer, step, { toServer, lastZxid }),
        ),
      );
    }
    for (const each of sent) {
      if (player.gone) return;
      await answer(client, player, each);
    }
    if (steps.at(-1)?.op === "end") player.gone = true;
  }

  async function send(
    player: Player,
    opcode: number,
    write: (writer: JuteWriter) => void,
  ): Promise<Sent> {
    const xid = fixedXids.get(opcode) ?? ++player.xid;
    try {
      await player.raw.send((writer) => {
        writer.int(xid);
        writer.int(opcode);
        write(writer);
      });
    } catch {
      // Reading the answer will show that the connection is gone.
    }
    return { xid, opcode };
  }

  /** Records events until the reply, and then the reply. */
  async function answer(client: number, player: Player, sent: Sent): Promise<void> {
    for (;;) {
      const reader = await player.raw.receive();
      if (reader === undefined) {
        player.gone = true;
        observations.push({ client, step: stepIndex, saw: "the server closed the connection" });
        return;
      }
      const saw = readObservation(reader, player, sent);
      observations.push({ client, step: stepIndex, saw });
      if (!("event" in saw)) return;
    }
  }
}

/** Requests with a fixed xid. */
const fixedXids = new Map<number, number>([
  [opcodes.setWatches, xids.setWatches],
  [opcodes.setWatches2, xids.setWatches],
  [opcodes.ping, xids.ping],
  [opcodes.auth, xids.auth],
]);

function readObservation(reader: JuteReader, player: Player, { xid, opcode }: Sent): object {
  const header = readReplyHeader(reader);
  if (header.xid === xids.watchEvent) {
    return { event: reader.int(), state: reader.int(), path: reader.string() };
  }
  const body = header.error === 0 && reader.remainingBytes > 0
    ? readBody(opcode, reader)
    : undefined;
  // A client must never observe an older state after a newer one: the header's zxid never decreases, and it covers the body.
  const covers = header.zxid <= 0n ||
    (header.zxid >= player.lastZxid && header.zxid >= newestZxid(body));
  if (header.zxid > player.lastZxid) player.lastZxid = header.zxid;
  return {
    xid: header.xid === xid ? "as asked" : header.xid,
    zxid: header.zxid <= 0n
      ? Number(header.zxid)
      : changingOpcodes.has(opcode)
      ? { zxidOf: header.zxid }
      : "some",
    covers,
    error: header.error,
    body,
    rest: header.error === 0 ? reader.remainingBytes : 0,
  };
}
