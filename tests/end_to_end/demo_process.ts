/**
 * Runs `scripts/demo.ts` as its user does, and tells what it left behind.
 *
 * @module
 */

import { fileURLToPath } from "node:url";

const DEMO = fileURLToPath(new URL("../../scripts/demo.ts", import.meta.url));

/** How a demo ended. */
export interface DemoRun {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What the demo's JSON is checked for; the rest of it is for people. */
export interface DemoJson {
  readonly ok: boolean;
  readonly problems: readonly string[];
  readonly hosts: readonly {
    readonly host: string;
    readonly service: string;
    readonly version: string;
    readonly state: string;
    readonly pinnedBytes: number;
  }[];
  readonly rollout: {
    readonly order: readonly string[];
    readonly maxConcurrentDown: Readonly<Record<string, number>>;
    readonly durationMs: number;
  };
  readonly distribution: {
    readonly bytes: number;
    readonly crossSiteBytes: number;
    readonly crossSiteOptimumBytes: number;
    readonly crossRackBytes: number;
    readonly crossRackOptimumBytes: number;
  };
  readonly killed:
    | {
      readonly host: string;
      readonly keptServices: readonly string[];
      readonly cameBackWith: Readonly<Record<string, string | null>>;
      readonly rejoinedOn: Readonly<Record<string, string>>;
    }
    | null;
  readonly inside: { readonly host: string; readonly actorsCount: number } | null;
  readonly invariants: Readonly<Record<string, unknown>>;
}

/** Starts a demo; `ended` resolves when it has. */
export function startDemo(
  ...args: readonly string[]
): { child: Deno.ChildProcess; ended: Promise<DemoRun> } {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", DEMO, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const ended = child.output().then(({ code, stdout, stderr }) => ({
    status: code,
    stdout: new TextDecoder().decode(stdout),
    stderr: new TextDecoder().decode(stderr),
  }));
  return { child, ended };
}

/** Runs a demo to its end and reads the one line of JSON. Throws with its stderr when there is none. */
export async function runDemoJson(
  ...args: readonly string[]
): Promise<{ run: DemoRun; json: DemoJson }> {
  const run = await startDemo("--json", ...args).ended;
  const lines = run.stdout.split("\n").filter((line) => line !== "");
  const [line] = lines;
  if (line === undefined || lines.length !== 1) {
    throw new Error(
      `demo: expected one line of JSON on stdout, was "${run.stdout}"; stderr:\n${run.stderr}`,
    );
  }
  return { run, json: JSON.parse(line) };
}

/** The demo's folders that are there now. */
export async function demoFolders(): Promise<string[]> {
  const temporary = await Deno.makeTempDir();
  await Deno.remove(temporary);
  const parent = temporary.slice(0, temporary.lastIndexOf("/"));
  const names: string[] = [];
  for await (const entry of Deno.readDir(parent)) {
    if (entry.name.startsWith("rollcall-demo-")) names.push(entry.name);
  }
  return names.sort();
}

/** Process ids whose command line names one of the folders. */
export async function processesOf(folders: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(entry.name)) continue;
    const commandLine = await Deno.readTextFile(`/proc/${entry.name}/cmdline`).catch(() => "");
    if (folders.some((folder) => commandLine.includes(folder))) found.push(entry.name);
  }
  return found;
}
