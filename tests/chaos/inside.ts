/**
 * The program of one run, inside of its namespaces. Reads its options as JSON from its argument, prints a JSON object a line:
 * `{"line"}` for what happens, and `{"result"}` or `{"failure"}` at the end.
 *
 * @module
 */

import { PRIVATE_FOLDER } from "./isolation.ts";
import { runChaos } from "./run.ts";

function print(object: Record<string, unknown>): void {
  let bytes = new TextEncoder().encode(`${JSON.stringify(object)}\n`);
  while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
}

/** Ends the run when whoever started it is gone. */
async function endWithStarter(): Promise<void> {
  await new Response(Deno.stdin.readable).arrayBuffer().catch(() => {});
  Deno.exit(1);
}

if (import.meta.main) {
  endWithStarter();
  try {
    const result = await runChaos({
      ...JSON.parse(Deno.args[0] ?? "{}"),
      folder: PRIVATE_FOLDER,
      onLine: (line) => print({ line }),
    });
    print({ result });
  } catch (error) {
    print({ failure: error instanceof Error ? error.stack ?? error.message : String(error) });
  }
  // Agents, services and servers end with the namespaces.
  Deno.exit(0);
}
