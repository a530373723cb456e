/** What the tests with real processes share: temporary folders, waiting, looking at /proc. */

import assert from "node:assert/strict";

/** A folder that is gone afterwards, as are the zombies of what was started for it. */
export async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "rollcall_" });
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
    await reaped();
  }
}

/** On a busy machine it takes a while until the runtime has noticed the end of a child; the sanitizers would blame the test. */
async function reaped(): Promise<void> {
  await eventually(() => !hasZombies());
  // It has been waited for, and its promise settles in one of the next turns.
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve, 10));
}

function hasZombies(): boolean {
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^[0-9]+$/.test(name)) continue;
    try {
      const [state, parent] = Deno.readTextFileSync(`/proc/${name}/stat`)
        .replace(/^.*\) /s, "").split(" ");
      if (state === "Z" && Number(parent) === Deno.pid) return true;
    } catch {
      // It has gone in this moment.
    }
  }
  return false;
}

/** Whether no process with that pid runs; a zombie does not. */
export function isGone(pid: number): boolean {
  try {
    return /\) [ZX] /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return true;
  }
}

/** Polls until it holds; fails after 15 s, far beyond what any of it takes. */
export async function eventually<Value>(
  probe: () => Value | undefined | false | null | Promise<Value | undefined | false | null>,
): Promise<Value> {
  for (let attempt = 0; attempt < 600; attempt++) {
    const value = await probe();
    if (value !== undefined && value !== false && value !== null) return value;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return assert.fail("expected it to hold within 15 s");
}

/** The file's text once it is there and not empty. */
export function eventualText(path: string): Promise<string> {
  return eventually(() => {
    try {
      return Deno.readTextFileSync(path).trim() || undefined;
    } catch {
      return undefined;
    }
  });
}

/** Asserts that it rejects with that code and hands the error back. */
export async function rejectsWith(promise: Promise<unknown>, code: string) {
  const error: unknown = await promise.then(
    () => assert.fail(`expected ${code}, got success`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Error && "code" in error, String(error));
  assert.equal(error.code, code, error.message);
  return error as Error & { code: string; advice?: string };
}

/** Kills by pid at the end of a test; gone is fine. */
export function killIfAlive(pid: number | undefined): void {
  if (pid === undefined || isGone(pid)) return;
  try {
    Deno.kill(pid, "SIGKILL");
  } catch {
    // It ended in this moment.
  }
}

/** The absolute path of a file of the project. */
export function projectPath(path: string): string {
  return new URL(`../../../${path}`, import.meta.url).pathname;
}

/**
 * Runs fixtures/doomed_agent.ts until it has started what it was told to, kills it with SIGKILL, and
 * returns the pid of what it had started.
 */
export async function startAndKillAgent(
  what: "service" | "pin",
  options: Record<string, unknown>,
): Promise<number> {
  const agent = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      projectPath("tests/integration/host/fixtures/doomed_agent.ts"),
      what,
      JSON.stringify(options),
    ],
    stdout: "piped",
  }).spawn();
  let text = "";
  for await (const chunk of agent.stdout.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.includes("\n")) break;
  }
  agent.kill("SIGKILL");
  await agent.status;
  return JSON.parse(text).pid;
}
