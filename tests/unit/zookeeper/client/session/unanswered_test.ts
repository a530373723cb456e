// A server that lives, and that leaves requests without an answer.
import assert from "node:assert/strict";
import { VirtualClock } from "../../../../../actors/runtime/mod.ts";
import type { ByteStream } from "../../../../../zookeeper/byte_stream.ts";
import { hasCode, ZooKeeper } from "../../../../../zookeeper/mod.ts";
import { FrameBuffer } from "../../../../../zookeeper/wire/frame_buffer.ts";
import { JuteReader, JuteWriter } from "../../../../../zookeeper/wire/jute.ts";
import { xids } from "../../../../../zookeeper/wire/protocol.ts";
import { writeConnectResponse, writeReplyHeader } from "../../../../../zookeeper/wire/records.ts";

const SESSION_MS = 6_000;
const OPERATION_MS = 9_000;

/** One connection to a server that answers handshakes and pings, and requests only if it is asked to. */
class Peer implements ByteStream {
  /** Requests that have come in. */
  requests = 0;
  isClosed = false;
  readonly #answers: boolean;
  readonly #frames = new FrameBuffer({
    maxFrameSizeBytes: 1 << 20,
    trustedSizeBytes: 1 << 20,
  });
  #isShaken = false;
  #unread: Uint8Array[] = [];
  #wake = () => {};

  constructor({ answers }: { readonly answers: boolean }) {
    this.#answers = answers;
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    while (this.#unread.length === 0 && !this.isClosed) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const [bytes] = this.#unread;
    if (bytes === undefined || this.isClosed) return null;
    const sizeBytes = Math.min(buffer.length, bytes.length);
    buffer.set(bytes.subarray(0, sizeBytes));
    if (sizeBytes === bytes.length) this.#unread.shift();
    else this.#unread[0] = bytes.subarray(sizeBytes);
    return sizeBytes;
  }

  write(bytes: Uint8Array): Promise<number> {
    const space = this.#frames.space();
    const sizeBytes = Math.min(space.length, bytes.length);
    space.set(bytes.subarray(0, sizeBytes));
    this.#frames.received(sizeBytes);
    for (let frame = this.#frames.next(); frame !== undefined; frame = this.#frames.next()) {
      this.#handle(frame);
    }
    return Promise.resolve(sizeBytes);
  }

  close(): void {
    this.isClosed = true;
    this.#wake();
  }

  #handle(frame: Uint8Array): void {
    if (!this.#isShaken) {
      this.#isShaken = true;
      const response = { protocolVersion: 0, timeoutMs: SESSION_MS, sessionId: 7n };
      this.#send((writer) =>
        writeConnectResponse(writer, { ...response, password: new Uint8Array(16) })
      );
      return;
    }
    const xid = new JuteReader(frame).int();
    if (xid !== xids.ping) this.requests++;
    if (xid !== xids.ping && !this.#answers) return;
    this.#send((writer) => writeReplyHeader(writer, { xid, zxid: 1n, error: 0 }));
  }

  #send(write: (writer: JuteWriter) => void): void {
    const writer = new JuteWriter(64);
    const start = writer.beginFrame();
    write(writer);
    writer.endFrame(start);
    this.#unread.push(writer.bytes().slice());
    this.#wake();
  }
}

/** A client whose first connection is to the first peer, and so on. */
function clientOf(peers: readonly Peer[], clock: VirtualClock): ZooKeeper {
  let dialled = 0;
  return new ZooKeeper("zk1:2181,zk2:2181", {
    sessionTimeoutMs: SESSION_MS,
    operationTimeoutMs: OPERATION_MS,
    clock,
    dial: () => {
      const peer = peers[dialled++];
      return peer === undefined ? Promise.reject(new Error("refused")) : Promise.resolve(peer);
    },
  });
}

async function closed(zk: ZooKeeper, clock: VirtualClock): Promise<void> {
  const closing = zk.close();
  await clock.advance(60_000);
  await closing;
}

Deno.test("session: a server that answers pings and no requests is left for another one", async () => {
  const clock = new VirtualClock();
  const [deaf, sound] = [new Peer({ answers: false }), new Peer({ answers: true })];
  const zk = clientOf([deaf, sound], clock);
  await clock.settle();
  const lost = zk.sync("/");
  await clock.advance(OPERATION_MS + SESSION_MS);
  await assert.rejects(lost, (error) => hasCode(error, "OPERATION_TIMEOUT", "CONNECTION_LOSS"));
  assert.equal(deaf.isClosed, true);
  await zk.sync("/");
  assert.equal(sound.requests, 1);
  assert.equal(zk.state, "connected");
  await closed(zk, clock);
});

Deno.test("session: a call's own short deadline ends the call, and not the connection", async () => {
  const clock = new VirtualClock();
  const deaf = new Peer({ answers: false });
  const zk = clientOf([deaf], clock);
  await clock.settle();
  const lost = zk.sync("/", { timeoutMs: 100 });
  await clock.advance(OPERATION_MS - 1);
  await assert.rejects(lost, (error) => hasCode(error, "OPERATION_TIMEOUT"));
  assert.equal(deaf.isClosed, false);
  await closed(zk, clock);
});

Deno.test("session: a server that answers is kept, however long nothing is asked of it", async () => {
  const clock = new VirtualClock();
  const sound = new Peer({ answers: true });
  const zk = clientOf([sound], clock);
  await clock.settle();
  await zk.sync("/");
  await clock.advance(10 * OPERATION_MS);
  await zk.sync("/");
  assert.equal(sound.isClosed, false);
  await closed(zk, clock);
});
