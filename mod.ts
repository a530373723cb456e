/**
 * The program: `deno run -A mod.ts COMMAND`. Nothing but the command asked for is loaded, since the smallest of them, the
 * pin keeper, sits beside every pinned release. The parts that are libraries of their own are exported by `deno.json`:
 * `./runtime` (actors) and `./zookeeper` (client and embedded coordinator).
 *
 * @module
 */

import { denoProblem } from "./cli/required_deno.ts";

if (import.meta.main) Deno.exit(await run(Deno.args));

async function run(args: readonly string[]): Promise<number> {
  const problem = denoProblem(Deno.version.deno, { isBinary: Deno.build.standalone });
  if (problem !== null) {
    Deno.stderr.writeSync(new TextEncoder().encode(`${problem}\n`));
    return 1;
  }
  const [command, ...rest] = args;
  return command === "pin-keeper"
    ? await (await import("./host/pinning/keeper_command.ts")).runPinKeeperCommand(rest)
    : await (await import("./cli/main.ts")).main(args);
}
