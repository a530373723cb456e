// Malformed frames into every decoder of the wire: each must fail with its own error or return a value.
// ROLLCALL_FUZZ_INPUTS sets the number of frames (default: a million), ROLLCALL_SEED the seed.
import assert from "node:assert/strict";
import { readMulti, readMultiRead } from "../../../zookeeper/client/requests/multi_codec.ts";
import { readNotification } from "../../../zookeeper/client/watches/watch_notification.ts";
import { DataTree } from "../../../zookeeper/server/tree/data_tree.ts";
import { readMultiOperations } from "../../../zookeeper/server/requests/multi_operations.ts";
import { answerRead } from "../../../zookeeper/server/requests/read_operations.ts";
import { Refusal } from "../../../zookeeper/server/tree/refusal.ts";
import { WatchTable } from "../../../zookeeper/server/tree/watch_table.ts";
import { readWriteOperation } from "../../../zookeeper/server/requests/write_operations.ts";
import { op, ZooKeeperError } from "../../../zookeeper/mod.ts";
import { FrameBuffer } from "../../../zookeeper/wire/frame_buffer.ts";
import { JuteReader, JuteWriter, WireError } from "../../../zookeeper/wire/jute.ts";
import { opcodes } from "../../../zookeeper/wire/protocol.ts";
import {
  readAcl,
  readConnectRequest,
  readConnectResponse,
  readReplyHeader,
  readStat,
} from "../../../zookeeper/wire/records.ts";
import { makeFrame } from "./frames.ts";
import { Dice, inputCount, seedOfRun } from "./random.ts";

const count = inputCount(1_000_000);
const seed = seedOfRun();

const paths = { toServer: (path: string) => path, toCaller: (path: string) => path };
const requester = { sessionId: 1n, identities: [] };
const types = Object.values(opcodes);

/** Every decoder of bytes from the peer. */
const readers: ((reader: JuteReader, dice: Dice) => unknown)[] = [
  readStat,
  readAcl,
  readConnectRequest,
  readConnectResponse,
  readReplyHeader,
  readNotification,
  readMultiOperations,
  (reader) => readMulti(reader, [op.create("/a"), op.delete("/a")], paths),
  (reader) => readMultiRead(reader, [op.get("/a"), op.children("/a")]),
  (reader, dice) => readWriteOperation(dice.pick(types), reader),
  (reader, dice) => {
    const context = {
      tree: new DataTree(),
      watches: new WatchTable(),
      watcher: { notify() {} },
      requester,
    };
    return answerRead(dice.pick(types), reader, context)?.(new JuteWriter());
  },
  (reader) => reader.strings(),
];

Deno.test(`the wire's decoders: ${count} bad frames, and no failure but their own`, () => {
  const dice = new Dice(seed);
  const outcomes = readers.map(() => ({ taken: 0, refused: 0 }));
  for (let index = 0; index < count; index++) {
    const frame = makeFrame(dice);
    const read = readers[index % readers.length];
    const outcome = outcomes[index % readers.length];
    assert.ok(read !== undefined && outcome !== undefined);
    try {
      read(new JuteReader(frame), dice);
      outcome.taken++;
    } catch (error) {
      outcome.refused++;
      const expected = error instanceof WireError || error instanceof Refusal ||
        error instanceof ZooKeeperError;
      if (!expected) {
        throw new Error(
          `frame ${index} of seed ${seed} (ROLLCALL_SEED=${seed}), reader ${
            index % readers.length
          }`,
          { cause: error },
        );
      }
    }
  }
  // If a reader took every frame, or none, the test would show nothing.
  if (count < 10_000) return;
  for (const [index, { taken, refused }] of outcomes.entries()) {
    assert.ok(taken > 0 && refused > 0, `reader ${index}: ${taken} taken, ${refused} refused`);
  }
});

Deno.test("FrameBuffer: a stream cut anywhere gives the same frames, and takes no more memory than it holds", () => {
  const dice = new Dice(seed);
  for (let round = 0; round < 200; round++) {
    const sent = Array.from({ length: 1 + dice.below(20) }, () => makeFrame(dice));
    const writer = new JuteWriter();
    for (const frame of sent) {
      const start = writer.beginFrame();
      writer.raw(frame);
      writer.endFrame(start);
    }
    const frames = new FrameBuffer({ maxFrameSizeBytes: 1 << 20 });
    const got: Uint8Array[] = [];
    for (let rest = writer.bytes(); rest.length > 0;) {
      const part = rest.subarray(0, 1 + dice.below(50));
      rest = rest.subarray(part.length);
      frames.space().set(part);
      frames.received(part.length);
      for (let frame = frames.next(); frame !== undefined; frame = frames.next()) {
        got.push(frame.slice());
      }
    }
    assert.deepEqual(got, sent.map((frame) => frame.slice()), `seed ${seed}`);
    assert.equal(frames.pendingBytes, 0);
  }
});
