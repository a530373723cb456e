import assert from "node:assert/strict";
import { renderProgressBar } from "../../../../cli/status/hosts_view.ts";

Deno.test("renderProgressBar: stays within its bounds", () => {
  assert.equal(renderProgressBar(-1), "░░░░░░░░░░   0%");
  assert.equal(renderProgressBar(7), "██████████ 100%");
});
