/**
 * `deno task demo`: a whole fleet on one machine, from nothing to a live upgrade and back to nothing.
 *
 * @module
 */

import { runDemo } from "./demo/run.ts";

if (import.meta.main) Deno.exit(await runDemo(Deno.args));
