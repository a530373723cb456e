/**
 * Frames that no honest node sends. Whatever bytes arrive, and whatever frames in whatever order, at either side of a
 * connection between nodes: nothing of it reaches an actor that does not fit its schema, nothing is thrown, memory is
 * bounded, and others are served. ROLLCALL_SEED and ROLLCALL_FUZZ_INPUTS say which inputs and how many; one input is one
 * seed.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ask, type Random, seededRandom } from "../../../actors/runtime/mod.ts";
import { RemoteError } from "../../../actors/runtime/remote/mod.ts";
import { readFrame } from "../../../actors/runtime/remote/frames.ts";
import { encodeFrame, FrameAssembler } from "../../../actors/runtime/remote/framing.ts";
import { desk, deskActor, URL_THERE, withNodes } from "../../unit/actors/runtime/remote/fixture.ts";
import { encode, hello, Mallory } from "../../unit/actors/runtime/remote/mallory.ts";
import { inputCount, replayCommand, seedOfRun } from "../actors/inputs.ts";

const seed = seedOfRun();
const PATH = "tests/fuzz/runtime/frames_test.ts";

/** Small, so that most inputs come near it. */
const FRAME_BYTES = 4_096;

class Dice {
  readonly #random: Random;
  constructor(ownSeed: number) {
    this.#random = seededRandom(ownSeed);
  }
  below(limit: number): number {
    return Math.floor(this.#random.next() * limit);
  }
  chance(share: number): boolean {
    return this.#random.next() < share;
  }
  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }
}

const KINDS = [
  "hello",
  "open",
  "tell",
  "ask",
  "answer",
  "failed",
  "credit",
  "ended",
  "release",
  "beat",
  "bye",
  "toString",
  "__proto__",
  "",
];

/** What stands where something else should. */
const VALUES: readonly (() => unknown)[] = [
  () => null,
  () => 0,
  () => 1,
  () => 2,
  () => -1,
  () => 1.5,
  () => 2 ** 53,
  () => 1e308,
  () => 65_536,
  () => true,
  () => "",
  () => "desk",
  () => "x".repeat(2_000),
  () => "\0\u202e\ud800",
  () => [],
  () => ({}),
  () => ({ type: "note", text: "x" }),
  () => ({ type: "note", text: 1 }),
  () => ({ type: "crash" }),
  () => ({ type: "upper", text: "x" }),
  () => ({ type: "upper", text: "x", replyTo: 1 }),
  () => ({ type: "time_left" }),
  () => ({ __proto__: null, replyTo: {} }),
  () => JSON.parse("[".repeat(50) + "]".repeat(50)),
];

const FIELDS = [
  "k",
  "version",
  "node",
  "window",
  "ref",
  "name",
  "ask",
  "timeoutMs",
  "message",
  "answer",
  "code",
  "why",
  "count",
  "kind",
];

/** A frame as an honest node might send it. */
function honestFrame(dice: Dice): Record<string, unknown> {
  const ref = dice.below(3);
  switch (dice.pick(KINDS.slice(0, 11))) {
    case "hello":
      return { ...hello };
    case "open":
      return { k: "open", ref, name: dice.pick(["desk", "nobody"]) };
    case "tell":
      return { k: "tell", ref, message: dice.pick(VALUES)() };
    case "ask":
      return { k: "ask", ref, ask: dice.below(4), timeoutMs: 50, message: dice.pick(VALUES)() };
    case "answer":
      return { k: "answer", ask: dice.below(4), answer: dice.pick(VALUES)() };
    case "failed":
      return { k: "failed", ask: dice.below(4), code: dice.pick(["stopped", "overflow"]), why: "" };
    case "credit":
      return { k: "credit", ref, count: 1 };
    case "ended":
      return { k: "ended", ref, kind: dice.pick(["normal", "failed", "not_exported"]), why: "x" };
    case "release":
      return { k: "release", ref };
    case "beat":
      return { k: "beat" };
    default:
      return { k: "bye" };
  }
}

/** A frame, with some fields changed, added or left out. */
function anyFrame(dice: Dice): unknown {
  if (dice.chance(0.03)) return dice.pick(VALUES)();
  const frame = honestFrame(dice);
  while (dice.chance(0.3)) {
    const field = dice.pick(FIELDS);
    if (dice.chance(0.3)) delete frame[field];
    else frame[field] = field === "k" ? dice.pick(KINDS) : dice.pick(VALUES)();
  }
  return frame;
}

/** The bytes of some frames, perhaps damaged. */
function anyBytes(dice: Dice): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let left = 1 + dice.below(6); left > 0; left--) {
    const json = JSON.stringify(anyFrame(dice)) ?? "undefined";
    parts.push(dice.chance(0.05) ? encode(json, dice.below(2 ** 32)) : encode(json));
  }
  const bytes = new Uint8Array(parts.flatMap((part) => [...part]));
  while (dice.chance(0.3)) bytes[dice.below(bytes.length)] = dice.below(256);
  return dice.chance(0.2) ? bytes.subarray(0, dice.below(bytes.length + 1)) : bytes;
}

/** Runs inputs one after the other; a failure names the command that replays its input. */
async function tryEach(count: number, run: (dice: Dice) => void | Promise<void>): Promise<void> {
  for (let index = 0; index < count; index++) {
    const ownSeed = (seed + index) >>> 0;
    try {
      await run(new Dice(ownSeed));
    } catch (cause) {
      throw new Error(`input of seed ${ownSeed}; again with: ${replayCommand(ownSeed, PATH)}`, {
        cause,
      });
    }
  }
}

const bytesCount = inputCount(20_000);

Deno.test(`FrameAssembler and readFrame: ${bytesCount} streams of bytes are frames or a violation`, async () => {
  await tryEach(bytesCount, (dice) => {
    const bytes = anyBytes(dice);
    const assembler = new FrameAssembler(FRAME_BYTES);
    // However the bytes are cut, the same comes out.
    const results = [0, 1].map((round) => {
      const assembled = round === 0 ? assembler : new FrameAssembler(FRAME_BYTES);
      const frames: unknown[] = [];
      try {
        for (let at = 0; at < bytes.length;) {
          const end = round === 0 ? bytes.length : at + 1 + dice.below(40);
          for (const value of assembled.push(bytes.slice(at, end))) frames.push(readFrame(value));
          at = end;
        }
      } catch (error) {
        if (!(error instanceof RemoteError)) throw error;
        assert.equal(error.code, "protocol_violation");
        assert.ok(error.message.length < 500, "a message that a log can take");
        frames.push(error.code);
      }
      return JSON.stringify(frames);
    });
    assert.equal(results[0], results[1]);
    for (const frame of JSON.parse(results[0] ?? "") as unknown[]) {
      if (typeof frame === "string") continue;
      // What was taken is what it says: it goes through once more, unchanged.
      const again = encodeFrame(frame, FRAME_BYTES * 4);
      assert.ok(again !== undefined);
      const [value] = [...new FrameAssembler(FRAME_BYTES * 4).push(again)];
      assert.deepEqual(readFrame(value), frame);
    }
  });
});

const connectionCount = inputCount(1_000);

Deno.test(`Inbound: ${connectionCount} connections with whatever frames leave others served`, () =>
  withNodes(async (fixture) => {
    const { clock, there, peer } = fixture;
    const notes: unknown[] = [];
    // Notes and crashes of Mallory's are told like anybody's: they fit the schema. A crash is not its actor's end.
    const actor = there.system.spawn("desk", deskActor(notes as string[]));
    there.node.export(desk, actor);
    let current = actor;
    let generation = 0;
    await tryEach(connectionCount, async (dice) => {
      const mallory = await Mallory.dial(fixture);
      const { violations } = there.node.status;
      if (dice.chance(0.7)) mallory.send(hello, { k: "open", ref: 0, name: "desk" });
      const sent: string[] = [];
      for (let left = 1 + dice.below(3); left > 0; left--) {
        const bytes = anyBytes(dice);
        sent.push(new TextDecoder().decode(bytes));
        mallory.sendBytes(bytes);
      }
      await clock.settle();
      // The node closes for a reason that it knows: a mistake of its own would look like a lost connection.
      if (mallory.closed && !sent.some((text) => text.includes("bye"))) {
        assert.equal(there.node.status.violations, violations + 1);
      }
      mallory.hangUp();
      await clock.settle();
      for (const note of notes.splice(0)) assert.equal(typeof note, "string");
      assert.equal(there.node.status.connections, 1);
      // What fits the schema may end it: another takes its place, as a supervisor would see to.
      if (current.tell({ type: "note", text: "" }) === "stopped") {
        current = there.system.spawn(`desk${++generation}`, deskActor(notes as string[]));
        there.node.export(desk, current);
      }
      const answer = ask(peer.ref(desk), (replyTo) => ({ type: "upper", text: "hi", replyTo }), {
        timeoutMs: 1_000,
      });
      await clock.settle();
      assert.equal(await answer, "HI");
    });
    assert.equal(peer.status, "connected");
  }, { frameBytes: FRAME_BYTES }));

Deno.test(`Outbound: ${connectionCount} nodes that answer with whatever frames cost their connection alone`, () =>
  withNodes(async ({ clock, network, here, there, peer }) => {
    there.node.export(desk, there.system.spawn("desk", deskActor([])));
    const url = "tcp://mallory:1";
    const listener = network.listen(url);
    await tryEach(connectionCount, async (dice) => {
      const accepted = listener.accept();
      const hostile = here.node.connect(url);
      const mallory = new Mallory(await accepted);
      const ref = hostile.ref(desk);
      if (dice.chance(0.8)) mallory.send(hello);
      await clock.settle();
      const asks = [0, 1].map((index) =>
        ask(ref, (replyTo) => ({ type: "upper", text: `${index}`, replyTo }), { timeoutMs: 100 })
          .then((answer) => typeof answer === "string", () => true)
      );
      for (let left = 1 + dice.below(3); left > 0; left--) mallory.sendBytes(anyBytes(dice));
      await clock.settle();
      const closing = hostile.close();
      await clock.advance(600);
      await closing;
      // Each ask has an outcome: an answer that fits the schema, or a reason.
      assert.deepEqual(await Promise.all(asks), [true, true]);
      mallory.hangUp();
      const answer = ask(peer.ref(desk), (replyTo) => ({ type: "upper", text: "hi", replyTo }), {
        timeoutMs: 1_000,
      });
      await clock.settle();
      assert.equal(await answer, "HI");
    });
    listener.close();
    assert.equal(URL_THERE, peer.url);
  }, { frameBytes: FRAME_BYTES, maxBackoffMs: 200 }));
