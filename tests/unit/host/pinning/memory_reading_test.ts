/** Readings of /proc and /sys/fs/cgroup, as machines have them that are not at hand. */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { readMemoryLimits, readOomKills } from "../../../../host/pinning/memory_reading.ts";

const V2_MOUNT = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
const V1_MOUNT = "31 23 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n" +
  "32 23 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n";

/** Reads from a folder with these files. */
async function read(files: Readonly<Record<string, string>>) {
  const root = await Deno.makeTempDir({ prefix: "rollcall-reading-" });
  try {
    for (const [path, text] of Object.entries(files)) {
      await Deno.mkdir(dirname(join(root, path)), { recursive: true });
      await Deno.writeTextFile(join(root, path), text);
    }
    const limits = readMemoryLimits(root).map(({ cgroup, ...limit }) => ({
      ...limit,
      path: cgroup?.path,
      folder: cgroup?.folder.slice(root.length),
    }));
    const kills = readOomKills(root);
    return { limits, kills: kills && { ...kills, file: kills.file.slice(root.length) } };
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** The files of a cgroup of v2. */
function v2(folder: string, files: Readonly<Record<string, string>>) {
  const at = `sys/fs/cgroup${folder}`;
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [`${at}/${name}`, text]));
}

const STAT_V2 = "anon 5\nfile 90\nshmem 7\ninactive_anon 12\nactive_anon 0\n" +
  "inactive_file 30\nactive_file 20\nunevictable 40\nslab_reclaimable 3\n";

Deno.test("readMemoryLimits: MemAvailable, and every limit of cgroup v2 up to the root", async () => {
  const { limits, kills } = await read({
    "proc/meminfo": "MemTotal:  1000 kB\nMemFree:   10 kB\nMemAvailable:   500 kB\n",
    "proc/self/cgroup": "0::/system.slice/rollcall-agent.service\n",
    "proc/self/mountinfo": V2_MOUNT,
    ...v2("/system.slice/rollcall-agent.service", {
      "memory.max": "max\n",
      "memory.high": "4000\n",
      "memory.current": "700\n",
      "memory.stat": STAT_V2,
      "memory.events": "low 0\nhigh 0\nmax 3\noom 2\noom_kill 2\noom_group_kill 0\n",
    }),
    ...v2("/system.slice", {
      "memory.max": "9000\n",
      "memory.high": "max\n",
      "memory.current": "2000\n",
      "memory.stat": "inactive_file 1\nactive_file 0\n",
    }),
  });
  assert.deepEqual(limits, [
    {
      file: "MemAvailable",
      path: undefined,
      folder: undefined,
      limitBytes: 500 * 1024,
      usedBytes: 0,
      reclaimableBytes: 0,
    },
    {
      file: "memory.high",
      path: "/system.slice/rollcall-agent.service",
      folder: "/sys/fs/cgroup/system.slice/rollcall-agent.service",
      limitBytes: 4000,
      usedBytes: 700,
      // What is locked is unevictable, and what is shared is of no file: neither can be had back.
      reclaimableBytes: 50,
    },
    {
      file: "memory.max",
      path: "/system.slice",
      folder: "/sys/fs/cgroup/system.slice",
      limitBytes: 9000,
      usedBytes: 2000,
      reclaimableBytes: 1,
    },
  ]);
  assert.deepEqual(kills, {
    file: "/sys/fs/cgroup/system.slice/rollcall-agent.service/memory.events",
    count: 2,
  });
});

const GROUP_V1 = "sys/fs/cgroup/memory/machine.slice/x";

Deno.test("readMemoryLimits: cgroup v1, where no limit is a number as well, and v2 is mounted without memory", async () => {
  const files = {
    "proc/self/cgroup": "9:cpu,cpuacct:/elsewhere\n4:memory:/machine.slice/x\n0::/\n",
    "proc/self/mountinfo": V1_MOUNT +
      V2_MOUNT.replace("/sys/fs/cgroup ", "/sys/fs/cgroup/unified "),
    [`${GROUP_V1}/memory.limit_in_bytes`]: "440401920\n",
    [`${GROUP_V1}/memory.usage_in_bytes`]: "400000000\n",
    [`${GROUP_V1}/memory.memsw.limit_in_bytes`]: "9223372036854771712\n",
    [`${GROUP_V1}/memory.memsw.usage_in_bytes`]: "400000000\n",
    [`${GROUP_V1}/memory.stat`]: "inactive_file 1\nactive_file 1\ntotal_inactive_file 10\n" +
      "total_active_file 20\ntotal_unevictable 300\n",
    [`${GROUP_V1}/memory.oom_control`]: "oom_kill_disable 0\nunder_oom 0\noom_kill 7\n",
    "sys/fs/cgroup/memory/machine.slice/memory.limit_in_bytes": "800000000\n",
    "sys/fs/cgroup/memory/machine.slice/memory.usage_in_bytes": "500000000\n",
    "sys/fs/cgroup/unified/cgroup.procs": "",
  };
  const { limits, kills } = await read(files);
  assert.deepEqual(
    limits.map(({ path, limitBytes, reclaimableBytes }) => [path, limitBytes, reclaimableBytes]),
    [
      ["/machine.slice/x", 440401920, 30],
      ["/machine.slice", 800000000, 0],
    ],
  );
  assert.deepEqual(kills, { file: `/${GROUP_V1}/memory.oom_control`, count: 7 });
  // Old kernels: what stands above does not count what is below.
  const alone = await read({
    ...files,
    "sys/fs/cgroup/memory/machine.slice/memory.use_hierarchy": "0\n",
  });
  assert.deepEqual(alone.limits.map(({ path }) => path), ["/machine.slice/x"]);
});

Deno.test("readMemoryLimits: in a container, whose own cgroup is the topmost that it sees", async () => {
  const top = "4:memory:/docker/ab12\n";
  const limit = {
    "sys/fs/cgroup/memory/memory.limit_in_bytes": "1000\n",
    "sys/fs/cgroup/memory/memory.usage_in_bytes": "10\n",
  };
  const mounted = await read({
    ...limit,
    "proc/self/cgroup": top,
    "proc/self/mountinfo":
      "31 23 0:27 /docker/ab12 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
  });
  assert.deepEqual(mounted.limits.map(({ path, folder }) => [path, folder]), [
    ["/docker/ab12", "/sys/fs/cgroup/memory"],
  ]);
  // With a namespace of its own, and a path outside of it.
  const outside = await read({
    ...limit,
    "proc/self/cgroup": "4:memory:/../cd34\n",
    "proc/self/mountinfo": V1_MOUNT,
  });
  assert.deepEqual(outside.limits.map(({ folder }) => folder), ["/sys/fs/cgroup/memory"]);
});

Deno.test("readMemoryLimits: a mount point with a space, and a machine that says nothing", async () => {
  const spaced = await read({
    "proc/self/cgroup": "0::/a\n",
    "proc/self/mountinfo": "30 23 0:26 / /my\\040cgroups rw - cgroup2 none rw\n",
    "my cgroups/a/memory.max": "5\n",
    "my cgroups/a/memory.current": "1\n",
  });
  assert.deepEqual(spaced.limits.map(({ folder, limitBytes }) => [folder, limitBytes]), [[
    "/my cgroups/a",
    5,
  ]]);
  assert.deepEqual(await read({}), { limits: [], kills: null });
});

Deno.test("readOomKills: without a cgroup that counts them, those of the machine", async () => {
  const { kills } = await read({ "proc/vmstat": "nr_free_pages 1\noom_kill 4\n" });
  assert.deepEqual(kills, { file: "/proc/vmstat", count: 4 });
});
