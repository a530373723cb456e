/**
 * Strangers who open connections and say nothing, or only half of what they want: the tracker, the build machine and the
 * agent's endpoint go on answering, also where the process may open few files.
 *
 * @module
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../../../mod.ts", import.meta.url));
const ENDPOINT = fileURLToPath(new URL("./endpoint_process.ts", import.meta.url));

/** More than the process may open in all. */
const FEW_FILES = 64;
/** Connections of the flood; beyond what one address is granted. */
const FLOOD = 600;
/** How long an answer may take while all of them are held open. */
const ANSWER_MS = 20_000;

interface Server extends AsyncDisposable {
  readonly url: URL;
  /** What it has logged so far. */
  readonly log: () => string;
  hasEnded(): boolean;
}

/** Starts a program whose first line on stdout is JSON with its URL, with a limit on the files that it may open. */
async function start(key: string, args: readonly string[], files = FEW_FILES): Promise<Server> {
  const child = new Deno.Command("bash", {
    args: ["-c", `ulimit -n ${files}; exec "$0" run -A "$@"`, Deno.execPath(), ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let log = "";
  let ended = false;
  const logged = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) log += text;
  })();
  const status = child.status.then(() => ended = true);
  let text = "";
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  while (!text.includes("\n")) {
    const { value } = await reader.read();
    if (value === undefined) {
      throw new Error(`${args.join(" ")} ended: ${await logged.then(() => log)}`);
    }
    text += value;
  }
  return {
    url: new URL(JSON.parse(text.split("\n", 1)[0] ?? "")[key]),
    log: () => log,
    hasEnded: () => ended,
    async [Symbol.asyncDispose]() {
      if (!ended) child.kill("SIGKILL");
      await reader.cancel();
      await Promise.all([status, logged]);
    },
  };
}

/** Opens connections that send half a request, and holds them. */
async function flood({ url }: Server, count: number): Promise<Disposable> {
  const held: Deno.TcpConn[] = [];
  for (let at = 0; at < count; at++) {
    try {
      const connection = await Deno.connect({ hostname: url.hostname, port: Number(url.port) });
      held.push(connection);
      await connection.write(new TextEncoder().encode("GET /"));
    } catch {
      // It was refused or closed at once, which is well.
    }
  }
  return { [Symbol.dispose]: () => held.forEach((connection) => connection.close()) };
}

/** Asks until there is an answer: a connection may be among those that give way. */
async function ask(server: Server, path: string): Promise<string> {
  const signal = AbortSignal.timeout(ANSWER_MS);
  for (;;) {
    assert.ok(!server.hasEnded(), `the process has ended: ${server.log()}`);
    assert.ok(!signal.aborted, `no answer within ${ANSWER_MS} ms: ${server.log()}`);
    try {
      const response = await fetch(new URL(path, server.url), {
        signal: AbortSignal.any([signal, AbortSignal.timeout(2_000)]),
      });
      const text = await response.text();
      if (response.ok) return text;
    } catch {
      // Once more.
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function assertSurvives(server: Server, path: string): Promise<void> {
  await ask(server, path);
  using _held = await flood(server, FLOOD);
  await ask(server, path);
  const lines = server.log().split("\n").filter((line) =>
    /drops a connection|cannot accept/.test(line)
  );
  assert.ok(lines.length <= 2, `expected one line for each kind, were ${lines.length}`);
}

Deno.test("rollcall tracker: goes on answering through a flood, with few files too", async () => {
  const args = [PROGRAM, "tracker", "--listen", "127.0.0.1:0", "--json"];
  await using server = await start("announceUrl", args);
  await assertSurvives(server, "/healthz");
  await using roomy = await start("announceUrl", args, 4_096);
  await assertSurvives(roomy, "/healthz");
});

Deno.test("rollcall tracker --server bittorrent-tracker: goes on answering through a flood", async () => {
  const args = [PROGRAM, "tracker", "--listen", "127.0.0.1:0", "--json"];
  await using server = await start(
    "announceUrl",
    [...args, "--server", "bittorrent-tracker"],
    1_024,
  );
  await assertSurvives(server, "/healthz");
});

Deno.test("rollcall publish: goes on serving its feed through a flood, with few files too", async () => {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-flood-" });
  try {
    await using server = await start("feedUrl", [
      ...[PROGRAM, "publish", "--feed", `${folder}/feed`, "--listen", "127.0.0.1:0", "--json"],
    ]);
    await assertSurvives(server, "/feed.json");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("endpointActor: goes on answering through a flood, with few files too", async () => {
  await using server = await start("endpoint", [ENDPOINT]);
  await assertSurvives(server, "/healthz");
});
