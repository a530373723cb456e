import { expectUsageErrors } from "../../support/usage_error.ts";

Deno.test("simulate: a wrong argument gets one message and exit 2", async () => {
  const wrong = [["--seeds", "x"], ["--faults", "thunder"], ["--skip", "I99"], ["--bug", "moth"], [
    "--only",
    "first",
  ], ["--bogus"]];
  await expectUsageErrors(new URL("./main.ts", import.meta.url), wrong);
});
