/**
 * The program: `deno run -A mod.ts COMMAND`. Nothing but the command asked for is loaded, since the smallest of them, the
 * pin keeper, sits beside every pinned release. The parts that are libraries of their own are exported by `deno.json`:
 * `./runtime` (actors) and `./zookeeper` (client and embedded coordinator).
 *
 * @module
 */

if (import.meta.main) {
  const [command, ...rest] = Deno.args;
  Deno.exit(
    command === "pin-keeper"
      ? await (await import("./host/pinning/keeper_command.ts")).runPinKeeperCommand(rest)
      : await (await import("./cli/main.ts")).main(Deno.args),
  );
}
