/** The command line of `deno task test:chaos`. */

import { expectUsageErrors } from "../support/usage_error.ts";

Deno.test("test:chaos: a wrong argument gets one message and exit 2", async () => {
  const wrong = [["--runs", "x"], ["--hosts", "0"], ["--faults", "thunder"], ["--bogus"], ["more"]];
  await expectUsageErrors(new URL("./main.ts", import.meta.url), wrong);
});
