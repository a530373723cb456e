/** How many inputs a fuzz test tries, from which seed, and how a failure is replayed. */

/** `ROLLCALL_FUZZ_INPUTS`, or what the ordinary tests try: some seconds of work. */
export function inputCount(ordinary: number): number {
  return Number(Deno.env.get("ROLLCALL_FUZZ_INPUTS") ?? ordinary);
}

/** `ROLLCALL_SEED`, or a new one. */
export function seedOfRun(): number {
  return Number(Deno.env.get("ROLLCALL_SEED") ?? Math.floor(Math.random() * 2 ** 31));
}

/** The command that tries the input of this seed alone. */
export function replayCommand(seed: number, path: string): string {
  return `ROLLCALL_SEED=${seed} ROLLCALL_FUZZ_INPUTS=1 deno test -A ${path}`;
}
