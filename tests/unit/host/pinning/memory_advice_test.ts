import assert from "node:assert/strict";
import { describeShortage, shortageAdvice } from "../../../../host/pinning/memory_advice.ts";
import { type MemoryLimitFile, memoryShortages } from "../../../../host/pinning/memory_room.ts";

const MIB = 1024 ** 2;

const NEED = { lockBytes: 2048 * MIB, marginBytes: 256 * MIB, isLocking: false, pageBytes: 4096 };

/** The shortages of a cgroup whose 1 GiB is all in use. */
function shortagesAt(path: string, file: MemoryLimitFile = "memory.max") {
  const cgroup = { path, folder: `/sys/fs/cgroup${path}` };
  const full = { file, cgroup, limitBytes: 1024 * MIB, usedBytes: 1024 * MIB, reclaimableBytes: 0 };
  return memoryShortages([full], NEED);
}

Deno.test("describeShortage: the remedy and what is missing come first, in MiB", () => {
  const [shortage] = shortagesAt("/system.slice/rollcall-agent.service");
  assert.ok(shortage);
  assert.equal(
    describeShortage(shortage, NEED),
    "set MemoryMax=3494M for rollcall-agent.service, 2470 MiB more: it takes 2086 MiB, and 256 MiB stay free " +
      "(pin.margin); of the 1024 MiB of /system.slice/rollcall-agent.service (memory.max) 0 MiB can be locked, " +
      "the rest is in use",
  );
  assert.match(
    describeShortage(shortage, { ...NEED, owedBytes: 5 * MIB }),
    /, 5 MiB are just being locked for others, and/,
  );
});

Deno.test("describeShortage: of a cgroup that is no unit of systemd it is a command", () => {
  const [shortage] = shortagesAt("/docker/ab12");
  assert.ok(shortage);
  assert.match(
    describeShortage(shortage, NEED),
    /^echo 3663724544 > \/sys\/fs\/cgroup\/docker\/ab12\/memory\.max, 2470 MiB more: it takes/,
  );
});

Deno.test("describeShortage: of the machine's own memory", () => {
  const [shortage] = memoryShortages([
    {
      file: "MemAvailable",
      cgroup: null,
      limitBytes: 342 * MIB,
      usedBytes: 0,
      reclaimableBytes: 0,
    },
  ], NEED);
  assert.ok(shortage);
  assert.equal(
    describeShortage(shortage, NEED),
    "free 2128 MiB of this machine's memory, or give it more: it takes 2086 MiB, and 256 MiB stay free " +
      "(pin.margin); 342 MiB are available (MemAvailable)",
  );
  assert.equal(shortageAdvice([shortage]), undefined);
});

Deno.test("shortageAdvice: the exact line, for units of systemd and for other cgroups", () => {
  const unit = "rollcall-agent.service";
  assert.equal(
    shortageAdvice(shortagesAt(`/system.slice/${unit}`)),
    `put this under [Service] (systemctl edit ${unit}), or have systemctl set-property set it at once:\n` +
      "    MemoryMax=3494M",
  );
  assert.match(
    shortageAdvice(shortagesAt("/rollcall.slice")) ?? "",
    /under \[Slice\] \(systemctl edit rollcall\.slice\).*\n +MemoryMax=3494M$/,
  );
  assert.match(
    shortageAdvice(shortagesAt("/rollcall.slice", "memory.high")) ?? "",
    /\n +MemoryHigh=3494M$/,
  );
  assert.match(
    shortageAdvice(shortagesAt("/rollcall.slice", "memory.limit_in_bytes")) ?? "",
    /\n +MemoryMax=3494M$/,
  );
  assert.match(
    shortageAdvice(shortagesAt("/user.slice/run-1.scope")) ?? "",
    /\n +systemctl set-property run-1\.scope MemoryMax=3494M$/,
  );
  assert.equal(
    shortageAdvice(shortagesAt("/docker/ab12")),
    "as root, and where /docker/ab12 is made, for the next time:\n" +
      `    echo ${3494 * MIB} > /sys/fs/cgroup/docker/ab12/memory.max`,
  );
  const both = [...shortagesAt("/a"), ...shortagesAt("/b")];
  assert.equal(shortageAdvice(both)?.split("\n").length, 4);
});
