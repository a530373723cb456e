import assert from "node:assert/strict";
import { machineIdentity } from "../../../../host/mod.ts";

Deno.test("machineIdentity: the same for the same folder, another one for a copy", () => {
  const own = machineIdentity("/srv/a");
  assert.deepEqual(machineIdentity("/srv/a"), own);
  assert.match(own.id, /^[0-9a-f]{16}$/);
  const copy = machineIdentity("/srv/b");
  assert.notEqual(copy.id, own.id);
  assert.equal(copy.boot, own.boot);
});
