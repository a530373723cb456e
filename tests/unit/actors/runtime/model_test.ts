/** Random trees and crashes: some thousands catch most mistakes within seconds. `deno task test:model` runs 100,000. */

import { checkModel } from "./model.ts";

/** Any will do; it is the same each time, so that a change which breaks one of its cases is to blame for that. */
const FIXED_SEED = 20_260_101;

Deno.test("G1-G18, G27, G28: random trees, crashes and messages keep the guarantees, the same ones each time", () =>
  checkModel({ cases: 1_500, seed: FIXED_SEED }));

Deno.test("G1-G18, G27, G28: random trees, crashes and messages keep the guarantees, new ones each time", () =>
  checkModel({ cases: 1_500, seed: crypto.getRandomValues(new Int32Array(1))[0] ?? 0 }));
