// Conformance on the wire, without our client between: what other clients send and ours never would.
import assert from "node:assert/strict";
import { resultCodes } from "../../../../zookeeper/errors.ts";
import { openAcl } from "../../../../zookeeper/mod.ts";
import type { JuteReader, JuteWriter } from "../../../../zookeeper/wire/jute.ts";
import { createFlags, opcodes, xids } from "../../../../zookeeper/wire/protocol.ts";
import {
  multiEnd,
  readAcl,
  readMultiHeader,
  readReplyHeader,
  readStat,
  writeAcl,
  writeMultiHeader,
} from "../../../../zookeeper/wire/records.ts";
import type { Acl } from "../../../../zookeeper/types.ts";
import type { RawClient } from "../raw_client.ts";
import { type CaseContext, until } from "../servers.ts";

const bytes = (value: string) => new TextEncoder().encode(value);

/** Sends a request and returns the number of its error and the body of its reply. */
async function ask(
  client: RawClient,
  type: number,
  write: (writer: JuteWriter) => void = () => {},
  xid: number = 1,
): Promise<{ error: number; body: JuteReader }> {
  await client.send((writer) => {
    writer.int(xid);
    writer.int(type);
    write(writer);
  });
  const body = await client.receive();
  assert.ok(body, "the server closed the connection");
  const header = readReplyHeader(body);
  assert.equal(header.xid, xid);
  return { error: header.error, body };
}

function writeCreate(
  writer: JuteWriter,
  path: string,
  { data = null, acl = openAcl, flags = createFlags.persistent }: {
    data?: Uint8Array | null;
    acl?: readonly Acl[];
    flags?: number;
  } = {},
): void {
  writer.string(path);
  writer.buffer(data);
  writeAcl(writer, acl);
  writer.int(flags);
}

function writeRead(writer: JuteWriter, path: string): void {
  writer.string(path);
  writer.bool(false);
}

function writeMulti(
  writer: JuteWriter,
  operations: readonly { type: number; write: () => void }[],
): void {
  for (const { type, write } of operations) {
    writeMultiHeader(writer, { type, done: false, error: -1 });
    write();
  }
  writeMultiHeader(writer, multiEnd);
}

/** The length of a node's data as getData says it: -1 is null. */
async function dataLength(client: RawClient, path: string): Promise<number> {
  const { error, body } = await ask(client, opcodes.getData, (writer) => writeRead(writer, path));
  assert.equal(error, 0);
  return body.int();
}

export const wireCases: Record<string, (context: CaseContext) => Promise<void>> = {
  async "data that is null stays null, and empty data empty"(context) {
    const client = await context.raw();
    await client.shakeHands();
    const path = (name: string) => `${context.root}/${name}`;
    const create = (name: string, data: Uint8Array | null) =>
      ask(client, opcodes.create, (writer) => writeCreate(writer, path(name), { data }));
    await create("null", null);
    await create("empty", bytes(""));
    await create("full", bytes("x"));
    assert.deepEqual(
      [
        await dataLength(client, path("null")),
        await dataLength(client, path("empty")),
        await dataLength(client, path("full")),
      ],
      [-1, 0, 1],
    );
    const set = (name: string, data: Uint8Array | null) =>
      ask(client, opcodes.setData, (writer) => {
        writer.string(path(name));
        writer.buffer(data);
        writer.int(-1);
      });
    assert.equal(readStat((await set("full", null)).body).dataSizeBytes, 0);
    await set("null", bytes(""));
    assert.equal(await dataLength(client, path("full")), -1);
    assert.equal(await dataLength(client, path("null")), 0);
    const made = await ask(client, opcodes.multi, (writer) =>
      writeMulti(writer, [
        { type: opcodes.create, write: () => writeCreate(writer, path("m-null")) },
        {
          type: opcodes.create,
          write: () => writeCreate(writer, path("m-empty"), { data: bytes("") }),
        },
        {
          type: opcodes.setData,
          write() {
            writer.string(path("empty"));
            writer.buffer(null);
            writer.int(-1);
          },
        },
      ]));
    assert.equal(made.error, 0);
    const { body } = await ask(client, opcodes.multiRead, (writer) =>
      writeMulti(
        writer,
        ["m-null", "m-empty", "empty"].map((name) => ({
          type: opcodes.getData,
          write: () => writeRead(writer, path(name)),
        })),
      ));
    const lengths = [];
    for (let header = readMultiHeader(body); !header.done; header = readMultiHeader(body)) {
      lengths.push(body.int());
      readStat(body);
    }
    assert.deepEqual(lengths, [-1, 0, -1]);
  },

  async "the same entry of an ACL twice is one, and a digest needs a user and a hash"(context) {
    const client = await context.raw();
    await client.shakeHands();
    const create = async (name: string, acl: readonly Acl[]) =>
      (await ask(
        client,
        opcodes.create,
        (writer) => writeCreate(writer, `${context.root}/${name}`, { acl }),
      )).error;
    const aclOf = async (name: string) => {
      const { body } = await ask(
        client,
        opcodes.getAcl,
        (writer) => writer.string(`${context.root}/${name}`),
      );
      return readAcl(body);
    };
    const anyone = { permissions: 31, scheme: "world", id: "anyone" };
    const reader = { permissions: 1, scheme: "world", id: "anyone" };
    const ann = { permissions: 31, scheme: "digest", id: "ann:x" };
    assert.equal(await create("a", [anyone, reader, anyone, ann, ann]), 0);
    assert.deepEqual(await aclOf("a"), [anyone, reader, ann]);
    const set = await ask(client, opcodes.setAcl, (writer) => {
      writer.string(`${context.root}/a`);
      writeAcl(writer, [reader, anyone, reader]);
      writer.int(-1);
    });
    assert.equal(set.error, 0);
    assert.deepEqual(await aclOf("a"), [reader, anyone]);
    const verdicts: Record<string, number> = {};
    for (const id of ["a:", ":", ":b", "a", "a:b", "a:b:", "a:b:c", "", "a::", "::"]) {
      const path = `digest-${Object.keys(verdicts).length}`;
      verdicts[id] = await create(path, [anyone, { ...ann, id }]);
    }
    const invalid = resultCodes.INVALID_ACL;
    assert.deepEqual(verdicts, {
      "a:": invalid,
      ":": invalid,
      ":b": 0,
      "a": invalid,
      "a:b": 0,
      "a:b:": 0,
      "a:b:c": invalid,
      "": invalid,
      "a::": invalid,
      "::": invalid,
    });
  },

  async "digest credentials without a colon are a user without a password"(context) {
    const client = await context.raw();
    await client.shakeHands();
    const { error } = await ask(client, opcodes.auth, (writer) => {
      writer.int(0);
      writer.string("digest");
      writer.buffer(bytes("nobody"));
    }, xids.auth);
    assert.equal(error, 0);
    const acl = [{ permissions: 31, scheme: "auth", id: "" }];
    const made = await ask(
      client,
      opcodes.create,
      (writer) => writeCreate(writer, `${context.root}/mine`, { acl }),
    );
    assert.equal(made.error, 0);
    const { body } = await ask(
      client,
      opcodes.getAcl,
      (writer) => writer.string(`${context.root}/mine`),
    );
    const [entry] = readAcl(body);
    assert.match(entry?.id ?? "", /^nobody:.{28}$/);
    const who = await ask(client, opcodes.whoAmI);
    const identities = who.body.list(8, () => [who.body.string(), who.body.string()]);
    assert.deepEqual(identities.find(([scheme]) => scheme === "digest"), ["digest", "nobody"]);
  },

  async "a plain create takes the flag of a container"(context) {
    const client = await context.raw();
    await client.shakeHands();
    const zk = await context.client();
    const flags = createFlags.container;
    const create = (type: number, name: string) =>
      ask(client, type, (writer) => writeCreate(writer, `${context.root}/${name}`, { flags }));
    const plain = await create(opcodes.create, "plain");
    assert.equal(plain.error, 0);
    assert.equal(plain.body.string(), `${context.root}/plain`);
    assert.equal(plain.body.remainingBytes, 0);
    const withStat = await create(opcodes.create2, "with-stat");
    assert.equal(withStat.error, 0);
    assert.equal(withStat.body.string(), `${context.root}/with-stat`);
    assert.deepEqual(readStat(withStat.body), await zk.exists("/with-stat"));
    const inMulti = await ask(client, opcodes.multi, (writer) =>
      writeMulti(writer, [{
        type: opcodes.create,
        write: () => writeCreate(writer, `${context.root}/in-multi`, { flags }),
      }]));
    assert.equal(inMulti.error, 0);
    // The real ones forget outside a multi that it should be a container, and keep it for ever.
    const gone = context.version === "embedded"
      ? ["/plain", "/with-stat", "/in-multi"]
      : ["/in-multi"];
    for (const path of gone) {
      await zk.create(`${path}/child`);
      await zk.delete(`${path}/child`);
      await until(`${path} is gone`, async () => await zk.exists(path) === null);
    }
  },

  async "a SASL token is answered by a server that has no SASL"(context) {
    const client = await context.raw();
    await client.shakeHands();
    for (const token of [bytes(""), bytes("hello")]) {
      const { error, body } = await ask(client, opcodes.sasl, (writer) => writer.buffer(token));
      assert.equal(error, 0);
      assert.equal(body.int(), -1);
      assert.equal(body.remainingBytes, 0);
    }
    assert.equal((await ask(client, opcodes.exists, (writer) => writeRead(writer, "/"))).error, 0);
  },

  async "a handshake without the byte for read-only is answered without it"(context) {
    for (const isNew of [true, false]) {
      const client = await context.raw();
      await client.send((writer) => {
        writer.int(0);
        writer.long(0n);
        writer.int(10_000);
        writer.long(0n);
        writer.buffer(new Uint8Array(16));
        if (isNew) writer.bool(false);
      });
      const reply = await client.receive();
      assert.equal(reply?.remainingBytes, isNew ? 37 : 36);
      assert.equal(
        (await ask(client, opcodes.exists, (writer) => writeRead(writer, "/"))).error,
        0,
      );
    }
  },

  async "a request whose body cannot be read is answered, and the session goes on"(context) {
    const client = await context.raw();
    const { sessionId } = await client.shakeHands();
    const garbage = [
      bytes(""),
      // A string that is longer than the request, and one of a negative length.
      Uint8Array.of(0, 0, 0, 9, 47),
      Uint8Array.of(255, 255, 255, 254),
    ];
    const types = [
      ...["create", "create2", "createContainer", "createTtl", "delete", "setData", "setAcl"],
      ...["multi", "multiRead", "exists", "getData", "getChildren", "getChildren2"],
      ...["getAcl", "sync", "getEphemerals", "getAllChildrenNumber", "setWatches", "setWatches2"],
      ...["addWatch", "removeWatches", "checkWatches"],
    ] as (keyof typeof opcodes)[];
    for (const type of types) {
      for (const body of garbage) {
        const { error } = await ask(client, opcodes[type], (writer) => writer.raw(body));
        assert.equal(error, resultCodes.MARSHALLING_ERROR, `${type} ${body}`);
      }
    }
    const made = await ask(
      client,
      opcodes.create2,
      (writer) => writeCreate(writer, `${context.root}/e`, { flags: createFlags.ephemeral }),
    );
    assert.equal(made.body.string(), `${context.root}/e`);
    assert.equal(readStat(made.body).ephemeralOwner, sessionId);
  },

  async "the empty path is the root for reads, and none for changes"(context) {
    const client = await context.raw();
    await client.shakeHands();
    const read = (type: number, path: string) =>
      ask(client, type, (writer) => writeRead(writer, path));
    const root = readStat((await read(opcodes.exists, "/")).body);
    assert.equal(readStat((await read(opcodes.exists, "")).body).czxid, root.czxid);
    assert.equal((await read(opcodes.getData, "")).error, 0);
    const names = (await read(opcodes.getChildren, "")).body.strings();
    assert.ok(names.includes("zookeeper"));
    assert.ok((await read(opcodes.getChildren2, "")).body.strings().includes("zookeeper"));
    const { body } = await ask(client, opcodes.multiRead, (writer) =>
      writeMulti(writer, [{
        type: opcodes.getChildren,
        write: () => writeRead(writer, ""),
      }]));
    assert.equal(readMultiHeader(body).error, 0);
    assert.ok(body.strings().includes("zookeeper"));
    const named = (type: number) => ask(client, type, (writer) => writer.string(""));
    assert.deepEqual(readAcl((await named(opcodes.getAcl)).body), openAcl);
    assert.ok((await named(opcodes.getAllChildrenNumber)).body.int() >= names.length);
    assert.deepEqual((await named(opcodes.getEphemerals)).body.strings(), []);
    assert.equal((await named(opcodes.sync)).error, 0);
    const changes: [number, (writer: JuteWriter) => void][] = [
      [opcodes.create, (writer) => writeCreate(writer, "")],
      [opcodes.setData, (writer) => {
        writer.string("");
        writer.buffer(null);
        writer.int(-1);
      }],
      [opcodes.setAcl, (writer) => {
        writer.string("");
        writeAcl(writer, openAcl);
        writer.int(-1);
      }],
      [opcodes.delete, (writer) => {
        writer.string("");
        writer.int(-1);
      }],
    ];
    for (const [type, write] of changes) {
      const { error } = await ask(client, type, write);
      assert.equal(error, resultCodes.BAD_ARGUMENTS, `${type}`);
    }
  },

  async "create2 inside a multi is answered with the stat"(context) {
    const client = await context.raw();
    await client.shakeHands();
    const zk = await context.client();
    const path = `${context.root}/a`;
    const { body } = await ask(
      client,
      opcodes.multi,
      (writer) =>
        writeMulti(writer, [{ type: opcodes.create2, write: () => writeCreate(writer, path) }]),
    );
    const { type } = readMultiHeader(body);
    assert.equal(body.string(), path);
    // Debian's 3.8.0 does not do so yet; 3.8.4 does.
    if (context.version === "3.8") {
      assert.equal(type, opcodes.create);
    } else {
      assert.equal(type, opcodes.create2);
      assert.deepEqual(readStat(body), await zk.exists("/a"));
    }
    assert.deepEqual(readMultiHeader(body), multiEnd);
  },
};
