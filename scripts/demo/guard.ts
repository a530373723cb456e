/**
 * Cleans up after a demo that could not do so itself, because it was killed or ran out of memory. The guard waits for the end
 * of its standard input, which the demo holds open; then it ends every process with the demo's mark and removes the demo's
 * folder. If the demo has written `done` before, the guard does nothing.
 *
 * Usage: guard.ts MARK FOLDER|-
 *
 * @module
 */

import { endMarked } from "./marked_processes.ts";

/** What the demo writes to the guard when it has cleaned up itself. */
export const GUARD_DONE = "done";

const GRACE_MS = 2_000;

async function guard([mark = "", folder = "-"]: readonly string[]): Promise<void> {
  const said = await new Response(Deno.stdin.readable).text();
  if (said.includes(GUARD_DONE) || mark === "") return;
  await endMarked(mark, { graceMs: GRACE_MS });
  if (folder !== "-") await Deno.remove(folder, { recursive: true }).catch(() => {});
}

if (import.meta.main) {
  // Ctrl-C and a closed terminal reach the demo; the guard ends when the demo does.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => {});
  }
  await guard(Deno.args);
  Deno.exit(0);
}
