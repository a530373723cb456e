/** The outside mark: the same cases in Erlang/OTP, if it is installed. */

/** Values by the names of the cases, a list for each with one value per round. */
export interface ErlangResults {
  readonly version: string;
  readonly values: ReadonlyMap<string, readonly number[]>;
}

/** Runs all cases, for this time each, in a fresh virtual machine per round. */
export async function runErlang(
  rounds: number,
  durationMs: number,
): Promise<ErlangResults | undefined> {
  const version = await output("erl", [
    "-noinput",
    "-eval",
    'io:format("~s", [erlang:system_info(otp_release)]), halt().',
  ]);
  if (version === undefined) return undefined;
  const folder = await Deno.makeTempDir({ prefix: "bench-erlang-" });
  try {
    const source = new URL("bench.erl", import.meta.url).pathname;
    await output("erlc", ["-o", folder, source]);
    const values = new Map<string, number[]>();
    for (let round = 0; round < rounds; round++) {
      // Fixed limits, since 100,000 processes are more than some machines' default.
      const args = ["-noinput", "+P", "1000000", "-pa", folder, "-run", "bench", "main"];
      const text = await output("erl", [...args, String(durationMs)]);
      for (const line of text?.trim().split("\n") ?? []) {
        const [name = "", value = ""] = line.split("\t");
        values.set(name, [...values.get(name) ?? [], Number(value)]);
      }
    }
    return { version, values };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function output(command: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { success, stdout, stderr } = await new Deno.Command(command, { args: [...args] })
      .output();
    if (!success) throw new Error(`run ${command}: ${new TextDecoder().decode(stderr)}`);
    return new TextDecoder().decode(stdout);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
