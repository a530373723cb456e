/**
 * The program as one binary: made, and run as its users run it. With the right runtime where this machine has it
 * (`DENORT_BIN`, or Deno's own download); else with an older Deno and its runtime, which shows whether everything is inside.
 * Where there is neither, the names of the tests say so.
 *
 * @module
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import denoConfig from "../../deno.json" with { type: "json" };
import { makeBinary } from "../../scripts/compile/binary.ts";
import { findOlderDeno, findRuntime } from "../../scripts/compile/known_runtimes.ts";
import { ownTarget } from "../../scripts/compile/targets.ts";
import { runDemoJson } from "./demo_process.ts";
import { makeOlderBinary } from "./older_binary.ts";
import { type BinaryRun, runBinary, startBinary } from "./started_binary.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const COMPILE = fileURLToPath(new URL("../../scripts/compile.ts", import.meta.url));
const SETUP = fileURLToPath(
  new URL("../../scripts/fetch_runtime_from_network.ts", import.meta.url),
);
/** Of files that are checked while others come, by a thread of their own. */
const CHECKED_BYTES = 65 * 2 ** 20;

const version = Deno.version.deno;
const target = ownTarget();
const runtime = target === undefined
  ? null
  : await findRuntime({ target, version, task: "deno task compile" });
const older = runtime !== null || target === undefined ? null : await findOlderDeno(ROOT);

/** What the name of a test says of it. */
const rightName = runtime === null
  ? `NOT RUN, there is no runtime of Deno ${version}`
  : `with ${runtime}`;
const olderName = runtime !== null
  ? "not needed, the right runtime is there"
  : older === null
  ? "NOT RUN, deno task setup:runtime has found no older Deno"
  : "with what the right one would hold";

Deno.test("compile: deno itself as the runtime ends with one message, and leaves nothing behind", async () => {
  const before = await listDist();
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", COMPILE],
    env: { DENORT_BIN: Deno.execPath(), NO_COLOR: "1" },
  }).output();
  const said = new TextDecoder().decode(stderr);
  assert.equal(code, 1, said);
  assert.equal(new TextDecoder().decode(stdout), "");
  assert.match(
    said,
    /^compile: expected the runtime of Deno \S+ for \w+ Linux \(denort\), DENORT_BIN=.* is the program "deno" itself/,
  );
  assert.doesNotMatch(said, /Stack backtrace|\bat file:/);
  assert.equal(said.match(/^ {4}\S/gm)?.length, 4, said);
  assert.deepEqual(await listDist(), before);
});

Deno.test("setup:runtime: says what is missing, and does not stop the other tests", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", SETUP],
    env: { DENORT_BIN: "/nowhere/denort", NO_COLOR: "1" },
  }).output();
  assert.equal(code, 0);
  assert.equal(
    new TextDecoder().decode(stderr),
    "setup:runtime: the test of the binary will not be run: DENORT_BIN=/nowhere/denort is no file that is there\n",
  );
});

Deno.test("compile: an unknown target is a wrong command line", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", COMPILE, "--target", "riscv"],
  }).output();
  assert.equal(code, 2);
  assert.match(new TextDecoder().decode(stderr), /expected x64 or arm64, was "riscv"/);
});

Deno.test({
  name: `binary of Deno ${version} (${rightName})`,
  ignore: runtime === null,
  fn: (t) =>
    withFolder(async (folder) => {
      assert.ok(target !== undefined);
      const binary = `${folder}/rollcall`;
      const made = await makeBinary(ROOT, { target, output: binary, task: "deno task compile" });
      assert.ok(made.sizeBytes < 130 * 2 ** 20, `${made.sizeBytes} bytes`);
      await tryBinary(t, binary, folder);
    }),
});

Deno.test({
  name: `binary of an older Deno (${olderName})`,
  ignore: older === null,
  fn: (t) =>
    withFolder(async (folder) => {
      assert.ok(older !== null && target !== undefined);
      const binary = await makeOlderBinary({ root: ROOT, folder, target, older, preloads: true });
      await tryBinary(t, binary, folder);
    }),
});

Deno.test({
  name: `a too old Deno is refused when the program starts (${
    older === null ? olderName : "as source and as binary"
  })`,
  ignore: older === null,
  fn: () =>
    withFolder(async (folder) => {
      assert.ok(older !== null && target !== undefined);
      const refusal = /^rollcall: expected Deno 2\.9 or later, was 2\.6\.10\. [^\n]+\n$/;
      const fromSource = await runBinary([older.deno, "run", "-A", `${ROOT}mod.ts`, "--version"]);
      assert.deepEqual([fromSource.status, fromSource.stdout], [1, ""]);
      assert.match(fromSource.stderr, refusal);
      const binary = await makeOlderBinary({ root: ROOT, folder, target, older, preloads: false });
      const compiled = await runBinary([binary, "pin-keeper"]);
      assert.deepEqual([compiled.status, compiled.stdout], [1, ""]);
      assert.match(compiled.stderr, refusal);
    }),
});

/** All that a binary has to be able to do. */
async function tryBinary(t: Deno.TestContext, binary: string, folder: string): Promise<void> {
  await t.step("--version", async () => {
    const { status, stdout, stderr } = await runBinary([binary, "--version"]);
    assert.deepEqual([status, stdout.trim()], [0, denoConfig.version], stderr);
  });

  await t.step("a fleet: pinned, rolled out, adopted after SIGKILL, looked into", async () => {
    const { run, json } = await runDemoJson(
      ...["--program", binary, "--hosts", "3", "--blob-size", "1M", "--kill", "web-3"],
    );
    assert.deepEqual(json.problems, [], run.stderr);
    assert.equal(run.status, 0, run.stderr);
    assert.deepEqual(json.killed?.rejoinedOn, { A: "v2", B: "v2" });
    // What no wave has reached meanwhile had no reason to end: the new agent adopted it. That is B, as long as the host itself
    // still has A's wave before it; if it has not, B's wave may have come, and then A is as it was.
    const { keptServices = [], cameBackWith } = json.killed ?? {};
    const mayBeAfterA = cameBackWith?.["A"] === "v2";
    const isKept = keptServices.includes("B") || mayBeAfterA && keptServices.includes("A");
    assert.ok(isKept, JSON.stringify(json.killed));
    for (const host of json.hosts) {
      assert.ok(host.pinnedBytes > 0, `${host.host} ${host.service} locked nothing: ${run.stderr}`);
    }
    assert.ok((json.inside?.actorsCount ?? 0) > 10, JSON.stringify(json.inside));
  });

  // What it would write there has a known name, which another user may have taken before.
  const temporary = `${folder}/temporary`;
  await Deno.mkdir(temporary);
  const env = { TMPDIR: temporary };

  await t.step("a release that is hashed by a worker while it comes", async () => {
    await using tracker = await startBinary([binary, ...TRACKER], env);
    const fetched = await publishAndFetch(binary, {
      folder: `${folder}/worker`,
      announceUrl: String(tracker.ready.announceUrl),
      engine: [],
      sizeBytes: CHECKED_BYTES,
      env,
    });
    // Without its worker a fetch warns, and hashes in the end.
    assert.equal(fetched.stderr, "");
  });

  await t.step(
    "what is loaded only when it is asked for: WebTorrent, bittorrent-tracker",
    async () => {
      await using tracker = await startBinary(
        [binary, ...TRACKER, "--server", "bittorrent-tracker"],
        env,
      );
      await publishAndFetch(binary, {
        folder: `${folder}/webtorrent`,
        announceUrl: String(tracker.ready.announceUrl),
        engine: ["--engine", "webtorrent"],
        sizeBytes: 2 ** 20,
        env,
      });
    },
  );

  await t.step("nothing of all that is left in the folder for temporary files", () => {
    assert.deepEqual([...Deno.readDirSync(temporary)], []);
  });
}

const TRACKER = ["tracker", "--listen", "127.0.0.1:0", "--hungry-interval", "1", "--json"];

/** Publishes random content, fetches it, and compares. */
async function publishAndFetch(
  binary: string,
  { folder, announceUrl, engine, sizeBytes, env }: {
    readonly folder: string;
    readonly announceUrl: string;
    readonly engine: readonly string[];
    readonly sizeBytes: number;
    readonly env: Readonly<Record<string, string>>;
  },
): Promise<BinaryRun> {
  const content = new Uint8Array(sizeBytes);
  for (let at = 0; at < sizeBytes; at += 65_536) {
    crypto.getRandomValues(content.subarray(at, at + 65_536));
  }
  await Deno.mkdir(`${folder}/blob`, { recursive: true });
  await Deno.writeFile(`${folder}/blob/data`, content);
  const publish = ["publish", "web", "v1", `${folder}/blob`, "--feed", `${folder}/feed`];
  const listen = ["--listen", "127.0.0.1:0", "--announce", announceUrl, "--json"];
  await using publisher = await startBinary([binary, ...publish, ...listen, ...engine], env);
  const feedUrl = String(publisher.ready.feedUrl);
  const fetch = ["fetch", feedUrl, "--to", `${folder}/copy`, "--json"];
  const fetched = await runBinary([binary, ...fetch, ...engine], env);
  assert.equal(fetched.status, 0, fetched.stderr);
  const copy = await Deno.readFile(`${folder}/copy/data`);
  assert.equal(copy.length, content.length);
  assert.ok(copy.every((byte, at) => byte === content[at]), "other bytes than published");
  return fetched;
}

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  // A binary is put in place by renaming it, which needs the same disk.
  await Deno.mkdir(`${ROOT}.cache`, { recursive: true });
  const folder = await Deno.makeTempDir({ dir: `${ROOT}.cache`, prefix: "binary-test-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function listDist(): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(`${ROOT}dist`)) names.push(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.sort();
}
