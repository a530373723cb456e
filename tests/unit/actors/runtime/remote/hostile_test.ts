import assert from "node:assert/strict";
import fc from "fast-check";
import { ask } from "../../../../../actors/runtime/mod.ts";
import type { ByteStream } from "../../../../../actors/runtime/remote/mod.ts";
import { desk, deskActor, type Fixture, reasons, URL_THERE, withNodes } from "./fixture.ts";

const hello = { k: "hello", version: 1, node: "mallory", window: 8 };

/** A peer that sends what it likes. */
class Mallory {
  readonly #stream: ByteStream;
  /** What the node sent, until it closed. */
  readonly frames: Record<string, unknown>[] = [];
  closed = false;

  constructor(stream: ByteStream) {
    this.#stream = stream;
    void this.#read();
  }
  static async dial({ network, clock }: Fixture): Promise<Mallory> {
    const stream = await network.dial(URL_THERE, new AbortController().signal);
    await clock.settle();
    return new Mallory(stream);
  }
  /** All in one piece. */
  send(...frames: unknown[]): void {
    const texts = frames.map((frame) => encode(JSON.stringify(frame)));
    this.sendBytes(new Uint8Array(texts.flatMap((bytes) => [...bytes])));
  }
  sendText(text: string, length?: number): void {
    this.sendBytes(encode(text, length));
  }
  hangUp(): void {
    this.#stream.close();
  }
  sendBytes(bytes: Uint8Array): void {
    if (!this.closed) void this.#stream.write(bytes);
  }
  async #read(): Promise<void> {
    let text = new Uint8Array(0);
    const buffer = new Uint8Array(65_536);
    for (;;) {
      const length = await this.#stream.read(buffer);
      if (length === null) break;
      text = new Uint8Array([...text, ...buffer.subarray(0, length)]);
      while (text.length >= 4) {
        const end = 4 + new DataView(text.buffer, text.byteOffset).getUint32(0);
        if (text.length < end) break;
        this.frames.push(JSON.parse(new TextDecoder().decode(text.subarray(4, end))));
        text = text.slice(end);
      }
    }
    this.closed = true;
  }
}

function encode(text: string, length?: number): Uint8Array {
  const body = new TextEncoder().encode(text);
  const bytes = new Uint8Array(4 + body.length);
  new DataView(bytes.buffer).setUint32(0, length ?? body.length);
  bytes.set(body, 4);
  return bytes;
}

Deno.test("R11: a broken peer loses its connection, and nobody else notices", () =>
  withNodes(async (fixture) => {
    const { clock, there, peer } = fixture;
    const notes: string[] = [];
    there.node.export(desk, there.system.spawn("desk", deskActor(notes)));
    const open = { k: "open", ref: 0, name: "desk" };
    const tell = { k: "tell", ref: 0, message: { type: "note", text: "x" } };
    const deep = '{"k":"tell","ref":0,"message":' + "[".repeat(500_000) + "]".repeat(500_000) + "}";
    const attacks: [string, (mallory: Mallory) => void][] = [
      ["no greeting", (mallory) => mallory.send(open)],
      ["two greetings", (mallory) => mallory.send(hello, hello)],
      ["another version", (mallory) => mallory.send({ ...hello, version: 2 })],
      ["no window", (mallory) => mallory.send({ ...hello, window: 0 })],
      ["a huge window", (mallory) => mallory.send({ ...hello, window: 1e9 })],
      ["no JSON", (mallory) => mallory.sendText("hello")],
      ["no UTF-8", (mallory) => mallory.sendBytes(new Uint8Array([0, 0, 0, 1, 0xff]))],
      ["HTTP", (mallory) => mallory.sendBytes(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"))],
      ["a huge frame", (mallory) => mallory.sendText("{", 2 ** 32 - 1)],
      ["no frame", (mallory) => mallory.send(hello, null)],
      ["an array", (mallory) => mallory.send(hello, [])],
      ["an unknown kind", (mallory) => mallory.send(hello, { k: "exec" })],
      ["a prototype", (mallory) => mallory.send(hello, { k: "__proto__" })],
      ["a reference twice", (mallory) => mallory.send(hello, open, open)],
      ["an unopened reference", (mallory) => mallory.send(hello, { ...tell, ref: 7 })],
      ["an odd reference", (mallory) => mallory.send(hello, { ...tell, ref: -1 })],
      [
        "a deadline of never",
        (mallory) =>
          mallory.send(hello, open, { k: "ask", ref: 0, ask: 0, timeoutMs: 1e300, message: {} }),
      ],
      ["an answer to nothing", (mallory) => mallory.send(hello, { k: "answer", ask: 0 })],
      ["credit for nothing", (mallory) => mallory.send(hello, { k: "credit", ref: 0, count: 1 })],
      [
        "too many references",
        (mallory) =>
          mallory.send(hello, ...Array.from({ length: 1_100 }, (_, ref) => ({ ...open, ref }))),
      ],
      [
        "more than the credit",
        (mallory) => mallory.send(hello, open, ...Array.from({ length: 1_000 }, () => tell)),
      ],
      ["a deep message of too many bytes", (mallory) => mallory.sendText(deep)],
    ];
    let violations = there.node.status.violations;
    for (const [attack, run] of attacks) {
      const mallory = await Mallory.dial(fixture);
      run(mallory);
      await clock.settle();
      assert.ok(mallory.closed, attack);
      assert.equal(there.node.status.violations, ++violations, attack);
      assert.equal(there.node.status.connections, 1, attack);
    }
    notes.length = 0;
    peer.ref(desk).tell({ type: "note", text: "still here" });
    await clock.settle();
    assert.deepEqual(notes, ["still here"]);
  }, { frameBytes: 999_999 }));

Deno.test("R11: a deep message is no more than one that does not fit", () =>
  withNodes(async (fixture) => {
    const { clock, there } = fixture;
    there.node.export(desk, there.system.spawn("desk", deskActor([])));
    const mallory = await Mallory.dial(fixture);
    mallory.send(hello, { k: "open", ref: 0, name: "desk" });
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    mallory.sendText(`{"k":"tell","ref":0,"message":${deep}}`);
    mallory.sendText(`{"k":"ask","ref":0,"ask":0,"timeoutMs":1,"message":${deep}}`);
    mallory.send({ k: "ask", ref: 0, ask: 1, timeoutMs: 1, message: null });
    await clock.settle();
    assert.deepEqual(reasons(there.deadLetters), ["invalid", "invalid", "invalid"]);
    assert.deepEqual(mallory.frames.slice(1).map(({ k, code }) => [k, code]), [
      ["failed", "rejected"],
      ["failed", "rejected"],
    ]);
    assert.equal(mallory.closed, false);
  }));

Deno.test("R11: a peer that does not greet, or does not read what it asks for, is given up", () =>
  withNodes(async (fixture) => {
    const { clock, network, there } = fixture;
    const large = "x".repeat(100_000);
    const talker = deskActor([], {
      receive(state, message) {
        if (message.type === "upper") message.replyTo.tell(large);
        return state;
      },
    });
    there.node.export(desk, there.system.spawn("desk", talker));
    const silent = await Mallory.dial(fixture);
    const greedy = await Mallory.dial(fixture);
    greedy.send(hello, { k: "open", ref: 0, name: "desk" });
    await clock.settle();
    assert.equal(there.node.status.connections, 3);
    for (let ask = 0; ask < 100; ask++) {
      const message = { type: "upper", text: "" };
      greedy.send({ k: "ask", ref: 0, ask, timeoutMs: 1_000, message });
    }
    network.stuck = true;
    await clock.settle();
    assert.equal(there.node.status.connections, 2, "the one that does not read");
    network.stuck = false;
    await clock.advance(5_000);
    assert.ok(silent.closed);
    assert.equal(there.node.status.connections, 1);
  }, { queueBytes: 1_000_000 }));

Deno.test("R11: a node takes so many connections and no more", () =>
  withNodes(async (fixture) => {
    const { clock, there } = fixture;
    const others = [await Mallory.dial(fixture), await Mallory.dial(fixture)];
    await clock.settle();
    assert.deepEqual(others.map(({ closed }) => closed), [false, true]);
    assert.equal(there.node.status.refused, 1);
  }, { connections: 2 }));

Deno.test("R11: a callee that breaks the protocol loses the connection, its asks fail", () =>
  withNodes(async ({ clock, network, here }) => {
    const url = "tcp://mallory:1";
    const listener = network.listen(url);
    const bad: object[] = [
      { k: "answer", ask: 99, answer: 1 },
      { k: "credit", ref: 0, count: 100 },
      { k: "credit", ref: 5, count: 1 },
      { k: "ended", ref: 5, kind: "normal", why: "" },
      { k: "open", ref: 0, name: "desk" },
      { k: "failed", ask: 0, code: "because", why: "" },
    ];
    const peer = here.node.connect(url);
    for (const frame of bad) {
      const mallory = new Mallory(await listener.accept());
      mallory.send(hello);
      await clock.settle();
      const codes: string[] = [];
      ask(peer.ref(desk), (replyTo) => ({ type: "upper", text: "", replyTo }), { timeoutMs: 1_000 })
        .catch(({ code }) => codes.push(code));
      mallory.send(frame);
      await clock.settle();
      assert.ok(mallory.closed, JSON.stringify(frame));
      assert.deepEqual(codes, ["ask_unreachable"], JSON.stringify(frame));
      await clock.advance(200);
    }
    listener.close();
  }, { maxBackoffMs: 200 }));

/** Frames as a broken node might make them: the right words in the wrong places. */
const anyFrame = fc.record({
  k: fc.constantFrom(
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
  ),
  version: fc.constantFrom(1, 1, 1, 2),
  node: fc.constantFrom("mallory", "", 7),
  window: fc.constantFrom(8, 0, -1, 1e9, null),
  ref: fc.constantFrom(0, 0, 1, -1, 1.5, "0"),
  ask: fc.constantFrom(0, 1, 2, 2 ** 53, null),
  name: fc.constantFrom("desk", "desk", "nobody", "__proto__", null),
  timeoutMs: fc.constantFrom(1, 1_000, 0, -1, null),
  message: fc.oneof(
    fc.constant({ type: "note", text: "x" }),
    fc.constant({ type: "upper", text: "x" }),
    fc.jsonValue(),
  ),
  count: fc.constantFrom(1, 100_000),
  code: fc.constantFrom("stopped", "because"),
  kind: fc.constantFrom("normal", "failed", "because"),
  why: fc.constantFrom("", "x".repeat(2_000)),
}, { requiredKeys: ["k"] });

Deno.test("R11: whatever frames arrive, in whatever order, others are served", () =>
  withNodes(async (fixture) => {
    const { clock, there, peer } = fixture;
    there.node.export(desk, there.system.spawn("desk", deskActor([])));
    const ref = peer.ref(desk);
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyFrame, { maxLength: 30 }),
        fc.boolean(),
        async (frames, polite) => {
          const mallory = await Mallory.dial(fixture);
          if (polite) mallory.send(hello, { k: "open", ref: 0, name: "desk" });
          mallory.send(...frames);
          await clock.settle();
          const answer = ask(ref, (replyTo) => ({ type: "upper", text: "hi", replyTo }), {
            timeoutMs: 10,
          });
          await clock.settle();
          assert.equal(await answer, "HI");
          mallory.hangUp();
          await clock.settle();
          assert.equal(there.node.status.connections, 1);
        },
      ),
      { numRuns: 300 },
    );
  }));
