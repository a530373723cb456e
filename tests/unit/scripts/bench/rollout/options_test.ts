import { expectUsageErrors } from "../../../../support/usage_error.ts";

Deno.test("bench:rollout: a wrong size of a fleet gets one message and exit 2", async () => {
  const main = new URL("../../../../../scripts/bench/rollout/main.ts", import.meta.url);
  const wrong = [["--hosts", "1"], ["--hosts", "10,x"], ["--simulated", "1000000"]];
  await expectUsageErrors(main, wrong);
});
