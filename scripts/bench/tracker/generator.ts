/** Compiles the generator and has it announce; see generator.c. */

import { INFO_HASH } from "./contenders.ts";

/** The servers have the other one. */
const GENERATOR_CORE = "1";
/** Hosts in the swarm. */
export const PEERS = 1_000;
/** HTTP connections at once, or datagrams on their way. */
const CONCURRENCY = 64;

/** How announces are made. */
export type Mode = "keepalive" | "close" | "udp";

/** What one run came to. */
export interface Load {
  readonly answers: number;
  readonly wrong: number;
  readonly seconds: number;
}

/** Needs gcc; returns the program's path. */
export async function compileGenerator(folder: string): Promise<string> {
  const path = `${folder}/generator`;
  const { success, stderr } = await new Deno.Command("gcc", {
    args: ["-O2", "-o", path, `${import.meta.dirname}/generator.c`],
  }).output().catch((cause: unknown) => {
    throw new Error("compile the generator: expected gcc to be installed", { cause });
  });
  if (!success) throw new Error(`compile the generator: ${new TextDecoder().decode(stderr)}`);
  return path;
}

/** Lets every host announce once, so that the swarm is full before anything is measured. */
export async function fill(generator: string, mode: Mode, port: number): Promise<void> {
  await generate(generator, { mode, port, durationMs: 0, checks: false });
}

/** Announces for a while; only answers that hold peers and the size of the whole swarm count. */
export function load(
  generator: string,
  options: { mode: Mode; port: number; durationMs: number },
): Promise<Load> {
  return generate(generator, { ...options, checks: true });
}

async function generate(
  generator: string,
  { mode, port, durationMs, checks }: {
    mode: Mode;
    port: number;
    durationMs: number;
    checks: boolean;
  },
): Promise<Load> {
  const { success, stdout, stderr } = await new Deno.Command("taskset", {
    args: [
      ...["-c", GENERATOR_CORE, generator, mode, String(port), String(CONCURRENCY)],
      ...[String(durationMs), String(PEERS), INFO_HASH, checks ? "1" : "0"],
    ],
  }).output();
  if (!success) throw new Error(`announce: ${new TextDecoder().decode(stderr)}`);
  const [answers, wrong, ms] = new TextDecoder().decode(stdout).trim().split(" ").map(Number);
  if (answers === undefined || wrong === undefined || ms === undefined) {
    throw new Error("announce: expected three numbers from the generator, there were fewer");
  }
  return { answers, wrong, seconds: ms / 1000 };
}
