/**
 * `deno task demo`: a whole fleet on one machine, from nothing to a live upgrade and back to nothing.
 *
 * @module
 */

import { denoProblem } from "../cli/required_deno.ts";
import { runDemo } from "./demo/run.ts";

if (import.meta.main) {
  const tooOld = denoProblem(Deno.version.deno);
  if (tooOld === null) Deno.exit(await runDemo(Deno.args));
  Deno.stderr.writeSync(new TextEncoder().encode(`${tooOld}\n`));
  Deno.exit(1);
}
