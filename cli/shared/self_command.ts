/**
 * How this program starts itself again, for processes that outlive it.
 *
 * @module
 */

import { fileURLToPath } from "node:url";

/** The program and its first arguments: the binary itself once compiled, else Deno with `mod.ts`. */
export function selfCommand(command: string): string[] {
  if (Deno.build.standalone) return [Deno.execPath(), command];
  return [
    Deno.execPath(),
    "run",
    "-A",
    fileURLToPath(new URL("../../mod.ts", import.meta.url)),
    command,
  ];
}
