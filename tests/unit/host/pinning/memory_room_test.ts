import assert from "node:assert/strict";
import {
  lockableBytes,
  type MemoryLimit,
  type MemoryNeed,
  memoryShortages,
  memoryToLock,
} from "../../../../host/pinning/memory_room.ts";

const MIB = 1024 ** 2;

const NEED: MemoryNeed = {
  lockBytes: 100 * MIB,
  marginBytes: 64 * MIB,
  isLocking: true,
  pageBytes: 4096,
};

function limit(changes: Partial<MemoryLimit> = {}): MemoryLimit {
  return {
    file: "memory.max",
    cgroup: { path: "/a", folder: "/sys/fs/cgroup/a" },
    limitBytes: 300 * MIB,
    usedBytes: 150 * MIB,
    reclaimableBytes: 50 * MIB,
    ...changes,
  };
}

Deno.test("lockableBytes: what is charged counts unless it can be reclaimed", () => {
  assert.equal(lockableBytes(limit()), 200 * MIB);
  // Numbers that were read one after the other may contradict each other.
  assert.equal(lockableBytes(limit({ usedBytes: 10 * MIB })), 300 * MIB);
  assert.equal(lockableBytes(limit({ limitBytes: 60 * MIB })), -40 * MIB);
});

Deno.test("memoryToLock: page tables take eight bytes a page, and a keeper that is not there yet takes its own", () => {
  const tablesBytes = 100 * MIB / 4096 * 8;
  assert.equal(memoryToLock(NEED), 100 * MIB + tablesBytes);
  assert.equal(memoryToLock({ ...NEED, isLocking: false }), 134 * MIB + tablesBytes);
  assert.equal(memoryToLock({ ...NEED, pageBytes: 65_536 }), 100 * MIB + tablesBytes / 16);
});

Deno.test("memoryShortages: a release fits beside the margin, or it is said how much is missing of all that", () => {
  const takenBytes = memoryToLock({ ...NEED, isLocking: false });
  const exactly = limit({ limitBytes: takenBytes + 64 * MIB, usedBytes: 0, reclaimableBytes: 0 });
  const before = { ...NEED, isLocking: false };
  assert.deepEqual(memoryShortages([exactly], before), []);
  const tooLow = { ...exactly, limitBytes: exactly.limitBytes - 1 };
  assert.deepEqual(memoryShortages([tooLow], before), [
    { limit: tooLow, availableBytes: tooLow.limitBytes, missingBytes: 1, raiseBytes: 32 * MIB + 1 },
  ]);
  assert.deepEqual(memoryShortages([], before), []);
});

Deno.test("memoryShortages: while it is locked half of the margin will do, and a refusal asks for the whole", () => {
  const takenBytes = memoryToLock(NEED);
  const half = limit({ limitBytes: takenBytes + 32 * MIB, usedBytes: 0, reclaimableBytes: 0 });
  assert.deepEqual(memoryShortages([half], NEED), []);
  const [shortage] = memoryShortages([{ ...half, limitBytes: half.limitBytes - 1 }], NEED);
  assert.equal(shortage?.missingBytes, 32 * MIB + 1);
});

Deno.test("memoryShortages: what others are about to lock is not to be had", () => {
  assert.deepEqual(memoryShortages([limit()], NEED), []);
  const [shortage] = memoryShortages([limit()], { ...NEED, owedBytes: 80 * MIB });
  assert.equal(
    shortage?.missingBytes,
    Math.ceil(memoryToLock({ ...NEED, lockBytes: 180 * MIB })) - 136 * MIB,
  );
});

Deno.test("memoryShortages: every limit that is too low, the worst first; a limit that was exceeded leaves nothing", () => {
  const low = limit({ limitBytes: 60 * MIB });
  const lower = limit({ file: "memory.high", limitBytes: 20 * MIB });
  const found = memoryShortages([limit(), low, lower], NEED);
  assert.deepEqual(found.map((shortage) => shortage.limit), [lower, low]);
  assert.deepEqual(found.map(({ availableBytes }) => availableBytes), [0, 0]);
  const lackBytes = memoryToLock(NEED) + 64 * MIB;
  assert.deepEqual(found.map(({ missingBytes }) => missingBytes), [
    lackBytes + 80 * MIB,
    lackBytes + 40 * MIB,
  ]);
});

Deno.test("memoryShortages: a release without content can be locked anywhere", () => {
  assert.deepEqual(memoryShortages([limit({ limitBytes: 0 })], { ...NEED, lockBytes: 0 }), []);
});
