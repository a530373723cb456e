/**
 * The keeper's own entry point, which runs it without the rest of the program:
 * `deno run -A host/pinning/keeper_main.ts --root DIR --status FILE --limit-bytes N`.
 */

import process from "node:process";
import { runPinKeeperCommand } from "./keeper_command.ts";

if (import.meta.main) process.exit(await runPinKeeperCommand(Deno.args));
