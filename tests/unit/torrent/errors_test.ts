import assert from "node:assert/strict";
import { isDiskFull, TransferError } from "../../../torrent/errors.ts";

Deno.test("isDiskFull: by the system's code or ours, of the error or of what has caused it", () => {
  const full = Object.assign(new Error("no room"), { code: "ENOSPC" });
  assert.ok(isDiskFull(full));
  assert.ok(isDiskFull(new Error("cannot write there", { cause: full })));
  assert.ok(isDiskFull(new TransferError("disk_full", "no room")));
  assert.ok(!isDiskFull(new TransferError("disk_failed", "broken", { cause: new Error("EIO") })));
  assert.ok(!isDiskFull("ENOSPC"));
  const circle = new Error("a");
  circle.cause = new Error("b", { cause: circle });
  assert.ok(!isDiskFull(circle));
});
