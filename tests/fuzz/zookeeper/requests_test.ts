// Requests that nobody should send, to one server for its whole life: each is answered, or ends the connection of its
// sender. Whatever was asked, the tree and its counters hold together, and no other client loses anything.
// ROLLCALL_FUZZ_INPUTS sets the number of requests, ROLLCALL_SEED the seed.
import assert from "node:assert/strict";
import { silentLog, systemClock } from "../../../zookeeper/mod.ts";
import { baseName, parentPath } from "../../../zookeeper/paths.ts";
import { RequestProcessor } from "../../../zookeeper/server/requests/request_processor.ts";
import type { ClientConnection } from "../../../zookeeper/server/sessions/client_connection.ts";
import {
  type SessionEntry,
  SessionTable,
} from "../../../zookeeper/server/sessions/session_table.ts";
import { DataTree } from "../../../zookeeper/server/tree/data_tree.ts";
import { bytesOf } from "../../../zookeeper/server/tree/tree_node.ts";
import { WatchTable } from "../../../zookeeper/server/tree/watch_table.ts";
import { JuteReader, JuteWriter, WireError } from "../../../zookeeper/wire/jute.ts";
import { opcodes } from "../../../zookeeper/wire/protocol.ts";
import { makeFrame } from "./frames.ts";
import { Dice, inputCount, seedOfRun } from "./random.ts";
import { makeSequence, type RequestStep } from "./sequences.ts";
import { opcodeOf, writeStep } from "./step_codec.ts";

const seed = seedOfRun();
const count = inputCount(30_000);

/** As much of a connection as a request touches. */
class TestConnection {
  readonly identities = [{ scheme: "ip", id: "127.0.0.1" }];
  session: unknown;
  received = 0;
  sent = 0;
  sentBytes = 0;
  isClosing = false;
  readonly #writer = new JuteWriter();

  send(write: (writer: JuteWriter) => void): void {
    this.#writer.clear();
    write(this.#writer);
    this.sent++;
    this.sentBytes += this.#writer.sizeBytes;
  }

  notify(): void {
    this.send(() => {});
  }

  closeWhenWritten(): void {
    this.isClosing = true;
  }
}

/** A server without sockets. */
class TestServer {
  readonly tree = new DataTree();
  readonly watches = new WatchTable();
  readonly sessions = new SessionTable<ClientConnection>([], 0);
  readonly processor = new RequestProcessor({
    tree: this.tree,
    watches: this.watches,
    sessions: this.sessions,
    lastZxid: 0n,
    clock: systemClock,
    log: silentLog,
  });

  connect(): { connection: TestConnection; session: SessionEntry<ClientConnection> } {
    return { connection: new TestConnection(), session: this.sessions.begin(10_000, 0) };
  }
}

/** A request: nearly right, with bytes of another, or noise. */
function makeRequest(dice: Dice, xid: number): Uint8Array {
  const writer = new JuteWriter(512);
  writer.int(xid);
  const steps = makeSequence(dice.below(2 ** 31)).filter((
    step,
  ): step is RequestStep & typeof step => !["burst", "reconnect", "intrude"].includes(step.op));
  const step = steps[0];
  if (step === undefined || dice.chance(0.2)) {
    writer.int(dice.pick([...Object.values(opcodes), 0, -2, 99, 0x7fffffff]));
    writer.raw(makeFrame(dice));
    return writer.bytes().slice();
  }
  writer.int(opcodeOf(step));
  writeStep(writer, step, { toServer: (path) => path.replace("ROOT", "/r"), lastZxid: 1n });
  const bytes = writer.bytes().slice();
  for (let flips = dice.below(3); flips > 0; flips--) {
    bytes[4 + dice.below(bytes.length - 4)] = dice.below(256);
  }
  return dice.chance(0.1) ? bytes.subarray(0, 4 + dice.below(bytes.length - 3)) : bytes;
}

/** Every node has its parent, every child its node, and the sums are those of the nodes. */
function checkTree(tree: DataTree): void {
  let nodes = 0;
  let sizeBytes = 0;
  let ephemerals = 0;
  for (const open = ["/"]; open.length > 0;) {
    const path = open.pop() ?? "/";
    const node = tree.node(path);
    nodes++;
    sizeBytes += path.length + bytesOf(node).length;
    if (node.ephemeralOwner !== 0n) ephemerals++;
    assert.ok(node.ephemeralOwner === 0n || node.children.size === 0, path);
    assert.ok(path === "/" || tree.node(parentPath(path)).children.has(baseName(path)), path);
    for (const name of node.children) open.push(path === "/" ? `/${name}` : `${path}/${name}`);
  }
  assert.deepEqual(
    [nodes, sizeBytes, ephemerals],
    [tree.size, tree.dataSizeBytes, tree.ephemeralCount],
  );
}

Deno.test(`RequestProcessor: ${count} bad requests, each answered or its connection ended, and a sound tree`, () => {
  const dice = new Dice(seed);
  let server = new TestServer();
  let clients = [server.connect(), server.connect(), server.connect()];
  const outcome = { answered: 0, refused: 0 };
  for (let index = 0; index < count; index++) {
    // A tree that grows without end would only get slower.
    if (index % 5_000 === 0) {
      server = new TestServer();
      clients = [server.connect(), server.connect(), server.connect()];
    }
    const at = dice.below(clients.length);
    const client = clients[at] as (typeof clients)[number];
    const { connection, session } = client;
    const request = makeRequest(dice, index + 1);
    const sentBefore = connection.sent;
    const zxidBefore = server.processor.lastZxid;
    try {
      server.processor.process(
        connection as unknown as ClientConnection,
        session,
        new JuteReader(request),
      );
      assert.ok(connection.sent > sentBefore, "an answer");
      outcome.answered++;
    } catch (error) {
      if (!(error instanceof WireError)) {
        throw new Error(
          `request ${index} of seed ${seed}; again with: ROLLCALL_SEED=${seed} ` +
            `ROLLCALL_FUZZ_INPUTS=${index + 1} deno test -A tests/fuzz/zookeeper/requests_test.ts`,
          { cause: error },
        );
      }
      outcome.refused++;
      connection.isClosing = true;
    }
    assert.ok(server.processor.lastZxid >= zxidBefore, "zxids never go back");
    if (connection.isClosing) {
      // As the server does when a connection ends: its watches go, and the session waits to expire.
      server.watches.removeAll(connection as unknown as ClientConnection);
      if (server.sessions.get(session.id) !== undefined) server.processor.endSession(session);
      assert.deepEqual(server.tree.ephemeralsOf(session.id), []);
      clients[at] = server.connect();
    }
    if (index % 500 === 0) checkTree(server.tree);
  }
  for (const { connection, session } of clients) {
    server.watches.removeAll(connection as unknown as ClientConnection);
    server.processor.endSession(session);
  }
  assert.deepEqual([server.watches.size, server.sessions.size, server.tree.ephemeralCount], [
    0,
    0,
    0,
  ]);
  checkTree(server.tree);
  if (count >= 1_000) assert.ok(outcome.answered > 0 && outcome.refused > 0);
});
