// Conformance: clients that ask for more than they read at once, or say no more while they wait for an answer.
import assert from "node:assert/strict";
import { opcodes, xids } from "../../../../zookeeper/wire/protocol.ts";
import { readReplyHeader } from "../../../../zookeeper/wire/records.ts";
import { JuteWriter } from "../../../../zookeeper/wire/jute.ts";
import type { RawClient } from "../raw_client.ts";
import type { CaseContext } from "../servers.ts";

/** Sends reads of one node in one write; their xids count from 1. */
async function askForData(client: RawClient, path: string, count: number): Promise<void> {
  const writer = new JuteWriter();
  for (let xid = 1; xid <= count; xid++) {
    const start = writer.beginFrame();
    writer.int(xid);
    writer.int(opcodes.getData);
    writer.string(path);
    writer.bool(false);
    writer.endFrame(start);
  }
  await client.write(writer.bytes());
}

async function ping(client: RawClient): Promise<void> {
  await client.send((writer) => {
    writer.int(xids.ping);
    writer.int(opcodes.ping);
  });
}

/** Receives until the reply with this xid, and returns how many replies of reads had the node's data. */
async function receiveUntil(
  client: RawClient,
  lastXid: number,
  sizeBytes: number,
): Promise<number> {
  let answered = 0;
  for (;;) {
    const reply = await client.receive();
    assert.ok(reply, `the server closed the connection after ${answered} replies`);
    const { xid, error } = readReplyHeader(reply);
    if (xid === xids.ping) continue;
    assert.equal(error, 0);
    assert.equal(reply.int(), sizeBytes);
    answered++;
    assert.equal(xid, answered);
    if (xid === lastXid) return answered;
  }
}

export const slowReaderCases: Record<string, (context: CaseContext) => Promise<void>> = {
  async "a four-letter word whose sender half-closes is answered"(context) {
    for (let round = 0; round < 50; round++) {
      const client = await context.raw();
      await client.write(new TextEncoder().encode("ruok"));
      await client.conn.closeWrite();
      assert.equal(new TextDecoder().decode(await client.rest()), "imok");
    }
  },

  async "large reads that are sent together are all answered"(context) {
    const zk = await context.client();
    for (
      const { count, sizeBytes } of [{ count: 18, sizeBytes: 1_000_000 }, {
        count: 400,
        sizeBytes: 60_000,
      }]
    ) {
      const name = `/n-${sizeBytes}`;
      await zk.create(name, new Uint8Array(sizeBytes));
      const client = await context.raw();
      await client.shakeHands();
      await askForData(client, context.root + name, count);
      assert.equal(await receiveUntil(client, count, sizeBytes), count);
      // Our own client asks for as many at once.
      const replies = await Promise.all(Array.from({ length: count }, () => zk.get(name)));
      assert.ok(replies.every(({ data }) => data.length === sizeBytes));
    }
  },

  async "a client that does not read for longer than its time-out, and pings, keeps its session"(
    context,
  ) {
    const sizeBytes = 1_000_000;
    const count = 14;
    const zk = await context.client();
    await zk.create("/large", new Uint8Array(sizeBytes));
    const client = await context.raw();
    const session = await client.shakeHands({ timeoutMs: 1_000 });
    assert.equal(session.timeoutMs, 1_000);
    await askForData(client, `${context.root}/large`, count);
    for (let pings = 0; pings < 12; pings++) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      await ping(client);
    }
    assert.equal(await receiveUntil(client, count, sizeBytes), count);
  },
};
