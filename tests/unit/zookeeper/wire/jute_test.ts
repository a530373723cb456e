// The wire format: what is written is what is read, and a reader never goes beyond its bytes.
import assert from "node:assert/strict";
import fc from "fast-check";
import { JuteReader, JuteWriter, WireError } from "../../../../zookeeper/wire/jute.ts";
import {
  readAcl,
  readConnectRequest,
  readConnectResponse,
  readStat,
  statSizeBytes,
  writeAcl,
  writeConnectRequest,
  writeConnectResponse,
  writeStat,
} from "../../../../zookeeper/wire/records.ts";

const int = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const time = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const unicode = fc.string({ unit: "grapheme", maxLength: 100 });

function written(write: (writer: JuteWriter) => void): JuteReader {
  // So small that it has to grow.
  const writer = new JuteWriter(1);
  write(writer);
  return new JuteReader(writer.bytes().slice());
}

Deno.test("JuteWriter and JuteReader: values of every kind come back in order", () => {
  fc.assert(
    fc.property(
      int,
      long,
      fc.boolean(),
      unicode,
      fc.uint8Array({ maxLength: 300 }),
      fc.array(unicode),
      fc.maxSafeInteger(),
      (number, big, flag, text, bytes, list, safe) => {
        const reader = written((writer) => {
          writer.int(number);
          writer.long(big);
          writer.bool(flag);
          writer.string(text);
          writer.buffer(bytes);
          writer.strings(list);
          writer.longFromNumber(safe);
        });
        assert.equal(reader.int(), number);
        assert.equal(reader.long(), big);
        assert.equal(reader.bool(), flag);
        assert.equal(reader.string(), text);
        assert.deepEqual(reader.buffer(), bytes);
        assert.deepEqual(reader.strings(), list);
        assert.equal(reader.longAsNumber(), safe);
        assert.equal(reader.remainingBytes, 0);
      },
    ),
  );
});

Deno.test("JuteWriter: longFromNumber writes what long writes", () => {
  fc.assert(fc.property(fc.maxSafeInteger(), (value) => {
    assert.equal(written((writer) => writer.longFromNumber(value)).long(), BigInt(value));
  }));
});

Deno.test("JuteReader: null strings, buffers and lists are empty", () => {
  const reader = written((writer) => [1, 2, 3].forEach(() => writer.int(-1)));
  assert.equal(reader.string(), "");
  assert.equal(reader.buffer().length, 0);
  assert.deepEqual(reader.strings(), []);
});

Deno.test("JuteWriter and JuteReader: null data is not empty data", () => {
  for (const data of [null, new Uint8Array(0), Uint8Array.of(7)]) {
    const bytes = written((writer) => writer.buffer(data));
    assert.deepEqual(bytes.bufferOrNull(), data);
    assert.equal(bytes.remainingBytes, 0);
  }
});

Deno.test("JuteReader: buffer is a copy, so that the memory under it can be used again", () => {
  const bytes = Uint8Array.of(0, 0, 0, 2, 7, 8);
  const copy = new JuteReader(bytes).buffer();
  bytes.fill(9);
  assert.deepEqual(copy, Uint8Array.of(7, 8));
});

Deno.test("JuteReader: views of a copy of the rest stay as they are, and the rest is read by then", () => {
  const writer = new JuteWriter();
  writer.int(7);
  writer.buffer(new Uint8Array([1, 2]));
  writer.buffer(null);
  writer.string("/a");
  const bytes = writer.bytes().slice();
  const reader = new JuteReader(bytes);
  assert.equal(reader.int(), 7);
  const copy = reader.copyOfRest();
  assert.equal(reader.remainingBytes, 0);
  bytes.fill(0);
  const first = copy.view();
  assert.equal(copy.view().length, 0);
  assert.equal(copy.string(), "/a");
  assert.deepEqual([...first], [1, 2]);
  assert.throws(() => copy.view(), WireError);
});

Deno.test("records: stat, ACL and handshake come back as they were", () => {
  const stat = fc.record({
    czxid: long,
    mzxid: long,
    ctimeMs: time,
    mtimeMs: time,
    version: int,
    cversion: int,
    aversion: int,
    ephemeralOwner: long,
    dataSizeBytes: int,
    numChildren: int,
    pzxid: long,
  });
  const acl = fc.array(fc.record({ permissions: int, scheme: unicode, id: unicode }));
  const request = fc.record({
    protocolVersion: int,
    lastZxidSeen: long,
    timeoutMs: int,
    sessionId: long,
    password: fc.uint8Array(),
  });
  const response = fc.record({
    protocolVersion: int,
    timeoutMs: int,
    sessionId: long,
    password: fc.uint8Array(),
  });
  fc.assert(fc.property(stat, acl, request, response, (aStat, anAcl, aRequest, aResponse) => {
    const reader = written((writer) => writeStat(writer, aStat));
    assert.equal(reader.remainingBytes, statSizeBytes);
    assert.deepEqual(plain(readStat(reader)), plain(aStat));
    assert.deepEqual(
      readAcl(written((writer) => writeAcl(writer, anAcl))).map(plain),
      anAcl.map(plain),
    );
    assert.deepEqual(
      plain(readConnectRequest(written((writer) => writeConnectRequest(writer, aRequest)))),
      plain({ ...aRequest, readOnly: false }),
    );
    assert.deepEqual(
      plain(readConnectResponse(written((writer) => writeConnectResponse(writer, aResponse)))),
      plain(aResponse),
    );
  }));
});

Deno.test("JuteReader: garbage ends in a value or a WireError, and takes no more memory than it has", () => {
  const step = fc.constantFrom(
    "int",
    "long",
    "bool",
    "string",
    "buffer",
    "strings",
    "longAsNumber",
  );
  const steps = fc.array(step as fc.Arbitrary<keyof JuteReader>, { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), steps, (bytes, names) => {
      const reader = new JuteReader(bytes);
      try {
        for (const name of names) (reader[name] as () => unknown).call(reader);
      } catch (error) {
        assert.ok(error instanceof WireError, String(error));
      }
      assert.ok(reader.remainingBytes >= 0);
    }),
    { numRuns: 5_000 },
  );
});

Deno.test("JuteReader: a list that claims more elements than can be there is refused at once", () => {
  const reader = written((writer) => {
    writer.int(0x7fffffff);
    writer.string("only one");
  });
  assert.throws(() => reader.strings(), WireError);
});

/** fast-check's records may lack a prototype. */
function plain(record: object): object {
  return { ...record };
}
