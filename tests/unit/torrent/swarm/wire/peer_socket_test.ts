/** The two loops of a connection: what goes out, what comes in, and how they end. */

import assert from "node:assert/strict";
import { SendBufferPool } from "../../../../../torrent/swarm/peer/send_buffers.ts";
import { FrameReader } from "../../../../../torrent/swarm/wire/frame_reader.ts";
import { MessageId, Outbox } from "../../../../../torrent/swarm/wire/messages.ts";
import { PeerSocket, type SocketOwner } from "../../../../../torrent/swarm/wire/peer_socket.ts";
import { ScriptedConnection } from "./scripted_connection.ts";

/** Writes down what it is told, and has so many bytes of blocks to send. */
class Owner implements SocketOwner {
  readonly seen: number[] = [];
  readonly ends: unknown[] = [];
  batches = 0;
  blockBytes = 0;
  fails = false;

  onMessage(id: number): void {
    if (this.fails) throw new Error("a message that it cannot bear");
    this.seen.push(id);
  }

  onBlockStart(): void {}
  onBlockBytes(): void {}
  onBlockEnd(): void {}

  onBatch(): void {
    this.batches++;
  }

  get hasBlocks(): boolean {
    return this.blockBytes > 0;
  }

  addBlocks(batch: Uint8Array, at: number): number {
    const sizeBytes = Math.min(this.blockBytes, batch.length - at);
    this.blockBytes -= sizeBytes;
    return at + sizeBytes;
  }

  onEnd(reason: unknown): void {
    this.ends.push(reason);
  }
}

function setUp(parts: readonly Uint8Array[], options: { keepsOpen?: boolean } = {}) {
  const connection = new ScriptedConnection(parts, options);
  const outbox = new Outbox(1024);
  const socket = new PeerSocket(connection, {
    reader: new FrameReader({ maxMessageBytes: 100, maxBlockBytes: 100 }),
    outbox,
    buffers: new SendBufferPool(),
  });
  return { connection, outbox, socket, owner: new Owner() };
}

const signal = (id: number) => new Uint8Array([0, 0, 0, 1, id]);

Deno.test("PeerSocket: hands on what comes, and ends once when the peer hangs up", async () => {
  const { connection, socket, owner } = setUp([
    signal(MessageId.unchoke),
    new Uint8Array([...signal(MessageId.interested), ...signal(MessageId.choke)]),
  ]);
  socket.start(owner);
  await socket.ended();
  assert.deepEqual(owner.seen, [MessageId.unchoke, MessageId.interested, MessageId.choke]);
  assert.equal(owner.batches, 2, "once for each read");
  assert.equal(socket.readBytes, 15);
  assert.deepEqual(owner.ends, ["the peer closed the connection"]);
  assert.ok(connection.isClosed && socket.isClosed);
  socket.close("again");
  assert.equal(owner.ends.length, 1);
});

Deno.test("PeerSocket: messages go before blocks, and it sleeps until it is woken", async () => {
  const { connection, outbox, socket, owner } = setUp([], { keepsOpen: true });
  outbox.have(3);
  owner.blockBytes = 10;
  socket.start(owner);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.deepEqual([...connection.sent.subarray(0, 9)], [0, 0, 0, 5, MessageId.have, 0, 0, 0, 3]);
  assert.equal(connection.sentBytes, 19);
  outbox.have(4);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(connection.sentBytes, 19, "nobody has woken it");
  socket.wake();
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(connection.sentBytes, 28);
  assert.equal(socket.writtenBytes, 28);
  assert.equal(socket.isWriting, false);
  socket.close("enough");
  await socket.ended();
  assert.deepEqual(owner.ends, ["enough"]);
});

Deno.test("PeerSocket: what its owner throws ends the connection, and is the reason", async () => {
  const { connection, socket, owner } = setUp([signal(0), signal(1)]);
  owner.fails = true;
  socket.start(owner);
  await socket.ended();
  assert.match(String(owner.ends), /cannot bear/);
  assert.ok(connection.isClosed);
  assert.deepEqual(owner.seen, []);
});
