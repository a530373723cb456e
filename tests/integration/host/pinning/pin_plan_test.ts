import assert from "node:assert/strict";
import { checkPinnable } from "../../../../host/mod.ts";
import { MEBIBYTE } from "./pin_fixtures.ts";

Deno.test("checkPinnable refuses more than the memory of the machine and too many files", () => {
  const allowance = {
    limitBytes: Infinity,
    lockedBytes: 0,
    availableBytes: Infinity,
    source: "CAP_IPC_LOCK" as const,
  };
  const need = { name: "web v2", limitBytes: Infinity, allowance };
  const code = (fileSizes: readonly number[]) => {
    try {
      checkPinnable({ ...need, fileSizes });
      return "fine";
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  assert.equal(code([]), "fine");
  assert.equal(code([0, 1, MEBIBYTE]), "fine");
  assert.equal(code([2 ** 50]), "PIN_MEMORY");
  const maximum = Number(Deno.readTextFileSync("/proc/sys/vm/max_map_count"));
  if (maximum < 100_000) {
    assert.equal(code(new Array<number>(maximum).fill(1)), "PIN_TOO_MANY_FILES");
    assert.equal(code(new Array<number>(maximum).fill(0)), "fine");
  }
});

Deno.test("checkPinnable without permission names what is missing", () => {
  const allowance = {
    limitBytes: MEBIBYTE,
    lockedBytes: 0,
    availableBytes: MEBIBYTE,
    source: "RLIMIT_MEMLOCK" as const,
  };
  const need = { name: "web v2", limitBytes: Infinity, fileSizes: [3 * MEBIBYTE], allowance };
  assert.throws(() => checkPinnable(need), (error) => {
    const { code, message } = error as { code: string; message: string };
    return code === "PIN_NOT_PERMITTED" && message.includes("(RLIMIT_MEMLOCK) by 2 MiB");
  });
});
