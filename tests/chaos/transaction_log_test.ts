/** What is read from the logs of ZooKeeper's servers. */

import assert from "node:assert/strict";
import { JuteWriter } from "../../zookeeper/wire/jute.ts";
import { opcodes } from "../../zookeeper/wire/protocol.ts";
import { readTransactions } from "./transaction_log.ts";

const SESSION = 5n;

/** A transaction as a server writes it, without its frame. */
function transaction(zxid: bigint, type: number, body: (writer: JuteWriter) => void): Uint8Array {
  const writer = new JuteWriter();
  writer.long(SESSION);
  writer.int(1);
  writer.long(zxid);
  writer.long(1_000n * zxid);
  writer.int(type);
  body(writer);
  return writer.bytes().slice();
}

function create(path: string, data: string, isEphemeral = false) {
  return (writer: JuteWriter) => {
    writer.string(path);
    writer.buffer(new TextEncoder().encode(data));
    writer.list(["world"], (scheme) => {
      writer.int(31);
      writer.string(scheme);
      writer.string("anyone");
    });
    writer.bool(isEphemeral);
    writer.int(0);
  };
}

function multi(parts: readonly (readonly [number, (writer: JuteWriter) => void])[]) {
  return (writer: JuteWriter) =>
    writer.list(parts, ([type, body]) => {
      const part = new JuteWriter();
      body(part);
      writer.int(type);
      writer.buffer(part.bytes());
    });
}

/** A log with its header, the transactions, and zeros at its end. */
function file(transactions: readonly Uint8Array[]): Uint8Array {
  const writer = new JuteWriter();
  writer.int(0x5a4b4c47);
  writer.int(2);
  writer.long(0n);
  for (const bytes of transactions) {
    writer.long(0n);
    writer.buffer(bytes);
    writer.raw(new Uint8Array([0x42]));
  }
  writer.raw(new Uint8Array(100));
  return writer.bytes().slice();
}

async function read(logs: readonly (readonly Uint8Array[])[]) {
  const folder = await Deno.makeTempDir();
  try {
    for (const [index, transactions] of logs.entries()) {
      await Deno.mkdir(`${folder}/${index}`);
      await Deno.writeFile(`${folder}/${index}/log.1`, file(transactions));
      await Deno.writeTextFile(`${folder}/${index}/snapshot.0`, "");
    }
    const transactions = await readTransactions(logs.map((_, index) => `${folder}/${index}`));
    return transactions.map(({ zxid, timeMs, changes }) => ({
      zxid,
      timeMs,
      changes: changes.map(({ path, data }) =>
        `${path} ${data === null ? "gone" : new TextDecoder().decode(data)}`
      ),
    }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("readTransactions: what a majority of the servers has, in the order of the ensemble", async () => {
  const first = transaction(1n, opcodes.create, create("/a", "one"));
  const second = transaction(2n, opcodes.setData, (writer) => {
    writer.string("/a");
    writer.buffer(new TextEncoder().encode("two"));
    writer.int(1);
  });
  const lost = transaction(3n, opcodes.create, create("/lost", ""));
  assert.deepEqual(await read([[first, second, lost], [second, first], [first]]), [
    { zxid: 1n, timeMs: 1_000, changes: ["/a one"] },
    { zxid: 2n, timeMs: 2_000, changes: ["/a two"] },
  ]);
});

Deno.test("readTransactions: a multi is all of its parts, a refused one is none", async () => {
  const done = transaction(
    1n,
    opcodes.multi,
    multi([
      [opcodes.check, (writer) => writer.string("/a")],
      [opcodes.create, create("/b", "new")],
      [opcodes.delete, (writer) => writer.string("/a")],
    ]),
  );
  const refused = transaction(2n, opcodes.multi, multi([[-1, (writer) => writer.int(-103)]]));
  assert.deepEqual((await read([[done, refused]])).map(({ changes }) => changes), [
    ["/b new", "/a gone"],
    [],
  ]);
});

Deno.test("readTransactions: the end of a session removes what it had made to last as long", async () => {
  const log = [
    transaction(1n, -10, (writer) => writer.int(2_000)),
    transaction(2n, opcodes.create, create("/mine", "", true)),
    transaction(3n, opcodes.create, create("/stays", "")),
    transaction(4n, opcodes.closeSession, () => {}),
  ];
  assert.deepEqual((await read([log])).at(-1)?.changes, ["/mine gone"]);
});
