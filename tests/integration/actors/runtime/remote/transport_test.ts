import assert from "node:assert/strict";
import { ActorSystem, ask, AskError, type StopReason } from "../../../../../actors/runtime/mod.ts";
import { type Peer, RemoteError, RemoteNode } from "../../../../../actors/runtime/remote/mod.ts";
import { counter, counterActor } from "../fixtures/counter_contract.ts";

const WAIT_MS = 20_000;

/** Another process with a counter. */
class CounterProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly url: string;
  private constructor(child: Deno.ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }
  static async start(port = "0"): Promise<CounterProcess> {
    const script = new URL("../fixtures/counter_process.ts", import.meta.url);
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", script.pathname, port],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    let text = "";
    while (!text.includes("\n")) {
      const { value, done } = await reader.read();
      if (done) throw new Error("the process ended early");
      text += new TextDecoder().decode(value);
    }
    await reader.cancel();
    return new CounterProcess(child, text.trim());
  }
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }
  async end(): Promise<void> {
    await this.#child.stdin.close();
    await this.#child.status;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#child.stdin.close().catch(() => {});
    await this.#child.status;
  }
}

async function withPeer(
  url: string,
  test: (peer: Peer, system: ActorSystem) => Promise<void>,
): Promise<void> {
  const system = ActorSystem.create({ name: "test" });
  const limits = { unreachableAfterMs: 500, initialBackoffMs: 20, maxBackoffMs: 50 };
  const peer = RemoteNode.create({ system, limits }).connect(url);
  try {
    await peer.ready({ timeoutMs: WAIT_MS });
    await test(peer, system);
  } finally {
    await system.stop();
  }
}

/** Resolves with the reason for which the actor of this reference ended. */
function endOf(system: ActorSystem, peer: Peer): Promise<StopReason> {
  const { promise, resolve } = Promise.withResolvers<StopReason>();
  system.spawn<null, never>("watcher", {
    init(context) {
      context.watch(peer.ref(counter));
      return null;
    },
    receive: (state) => state,
    onSignal(state, signal) {
      if (signal.type === "terminated") resolve(signal.reason);
      return state;
    },
  });
  return promise;
}

function failsWith(code: string) {
  return (error: unknown) => error instanceof AskError && error.code === code;
}

function codeOf(reason: StopReason): string {
  return reason.kind === "failed" && reason.error instanceof RemoteError
    ? reason.error.code
    : reason.kind;
}

Deno.test("remote references over TCP: ten thousand messages in order, held back by credit", async () => {
  await using process = await CounterProcess.start();
  await withPeer(process.url, async (peer) => {
    const ref = peer.ref(counter);
    let overflows = 0;
    for (let count = 1; count <= 10_000; count++) {
      while (ref.tell({ type: "add", count }) !== "accepted") {
        overflows++;
        // A question comes back when what was told before it has been handled.
        await ask(ref, (replyTo) => ({ type: "sum", replyTo }), { timeoutMs: WAIT_MS })
          .catch(() => new Promise((resolve) => setTimeout(resolve, 1)));
      }
    }
    assert.ok(overflows > 0, "no back-pressure");
    const sum = await ask(ref, (replyTo) => ({ type: "sum", replyTo }), { timeoutMs: WAIT_MS });
    assert.equal(sum, 10_000 * 10_001 / 2);
  });
  await process.end();
});

Deno.test("remote references over TCP: a process that is killed is unreachable", async () => {
  await using process = await CounterProcess.start();
  await withPeer(process.url, async (peer, system) => {
    const end = endOf(system, peer);
    const ref = peer.ref(counter);
    const asked = ask(ref, (replyTo) => ({ type: "ignore", replyTo }), { timeoutMs: WAIT_MS });
    const failed = assert.rejects(
      asked,
      failsWith("ask_unreachable"),
    );
    await process.kill();
    await failed;
    assert.equal(ref.tell({ type: "add", count: 1 }), "stopped");
    assert.equal(codeOf(await end), "unreachable");
  });
});

Deno.test("remote references over TCP: a process that stops ends its actors; another takes its place", async () => {
  await using process = await CounterProcess.start();
  await withPeer(process.url, async (peer, system) => {
    const end = endOf(system, peer);
    // An answer: the reference has arrived there.
    await ask(peer.ref(counter), (replyTo) => ({ type: "sum", replyTo }), { timeoutMs: WAIT_MS });
    await process.end();
    assert.equal(codeOf(await end), "shutdown");
    await using _second = await CounterProcess.start(new URL(process.url).port);
    await peer.ready({ timeoutMs: WAIT_MS });
    const ref = peer.ref(counter);
    ref.tell({ type: "add", count: 5 });
    const sum = await ask(ref, (replyTo) => ({ type: "sum", replyTo }), { timeoutMs: WAIT_MS });
    assert.equal(sum, 5);
  });
});

Deno.test("remote references over TCP: a port that is taken is an error of listen", async () => {
  const system = ActorSystem.create({ name: "test" });
  const node = RemoteNode.create({ system });
  const url = node.listen("tcp://127.0.0.1:0");
  const other = RemoteNode.create({ system, name: "other" });
  assert.throws(() => other.listen(url), Deno.errors.AddrInUse);
  assert.throws(() => other.listen("http://127.0.0.1:1"), { code: "invalid_option" });
  await system.stop();
});

Deno.test("remote references over TCP: two systems that stop at once leave nothing", async () => {
  const systems = ["one", "two"].map((name) => ActorSystem.create({ name }));
  const nodes = systems.map((system) => {
    const node = RemoteNode.create({ system });
    node.export(counter, system.spawn("counter", counterActor));
    return node;
  });
  const urls = nodes.map((node) => node.listen("tcp://127.0.0.1:0"));
  const peers = nodes.map((node, index) => node.connect(urls[1 - index] ?? ""));
  await Promise.all(peers.map((peer) => peer.ready({ timeoutMs: WAIT_MS })));
  for (const peer of peers) peer.ref(counter).tell({ type: "add", count: 1 });
  await Promise.all(systems.map((system) => system.stop()));
});
