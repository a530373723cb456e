/**
 * Trees that a stranger has written into: a small fleet in the middle of a rollout, and then bytes and nodes that no program of
 * ours would write. Most are nearly right, so that they get past the first check.
 *
 * @module
 */

import {
  CONTROL,
  currentPath,
  DEFAULT_POLICY,
  encodeEntry,
  historyPath,
  servicePath,
  SKELETON,
  slotsPath,
  stagingPath,
  stagingPrefix,
  wavePrefix,
} from "../../../rollout/mod.ts";
import { pathProblem } from "../../../zookeeper/paths.ts";
import { bytesOf } from "../../../zookeeper/server/tree/tree_node.ts";
import { current, slot } from "../../unit/rollout/views.ts";
import type { Dice } from "../zookeeper/random.ts";
import { LocalZooKeeper } from "./local_zookeeper.ts";

/** The services of the fleet. */
export const SERVICES_OF_FLEET = ["web", "db"] as const;

/** The hosts of both. */
export const HOSTS = ["web-1", "web-2", "web-3"] as const;

/** The id of the rollout under way. */
const ROLLOUT = "20240501-120000.000-abcd";

/** What no entry should have where a name, a version, a number or a list belongs. */
const VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1,
  2 ** 53,
  1e308,
  -0.5,
  "",
  ".",
  "..",
  "../../../../pwn",
  "a/b",
  "a\0b",
  "\u202egnp.exe",
  "\x1b[2J",
  "current",
  "x".repeat(300),
  "1",
  "2",
  "web-1",
  "web-2",
  "zz",
  "web",
  "100%",
  "__proto__",
  "constructor",
  "failed",
  "running",
  "halted",
  [],
  {},
  [null],
  ["web-1", "zz"],
  [[[[[[]]]]]],
  { schema: 1 },
  { site: "north", rack: "a b" },
];

/** Names of nodes that are nobody's, or nearly somebody's. */
const NAMES = [
  "zz",
  "web-1",
  "a b",
  "...",
  "x".repeat(300),
  "\u202egnp",
  "__proto__",
  "constructor",
  "web-0000000009",
  "web-1-0000000009",
  "zz-0000000000",
  "web--0000000001",
  "-0000000001",
  "db-2147483647",
  "db--2147483648",
  "20991231-235959.999-zzzz",
];

/** Makes the tree of a seed's dice. */
export async function makeHostileTree(dice: Dice): Promise<LocalZooKeeper> {
  const zk = new LocalZooKeeper();
  const paths = await makeFleet(zk, dice);
  for (let left = 1 + dice.below(6); left > 0; left--) await strike(zk, paths, dice);
  return zk;
}

/** A fleet that is sound; returns the paths of its nodes. */
async function makeFleet(zk: LocalZooKeeper, dice: Dice): Promise<string[]> {
  const paths: string[] = [];
  const add = async (path: string, entry: Record<string, unknown> | null, mode?: "ephemeral") => {
    const data = entry === null ? "" : encodeEntry(entry);
    paths.push(await zk.create(path, data, { mode: mode ?? "persistent" }));
  };
  const addSequential = async (prefix: string, entry: Record<string, unknown>) => {
    paths.push(await zk.create(prefix, encodeEntry(entry), { mode: "persistent_sequential" }));
  };
  for (const path of SKELETON) await add(path, null);
  const state = dice.pick(["running", "running", "paused", "halted"]);
  await add(CONTROL, { schema: 1, state, by: "ann", reason: null, sinceMs: 0 });
  const release = { infoHash: null, sizeBytes: 0, torrentUrl: null };
  for (const service of SERVICES_OF_FLEET) {
    await add(servicePath(service), {
      schema: 1,
      dependsOn: service === "web" ? ["db"] : [],
      policy: { ...DEFAULT_POLICY, quorum: 1 },
      committed: dice.chance(0.8) ? { ...release, service, version: "1" } : null,
      withdrawn: dice.chance(0.3) ? ["0"] : [],
    });
    const offer = { ...release, schema: 1, rollout: ROLLOUT, service, version: "2" };
    await add(stagingPath(service), dice.chance(0.8) ? offer : null);
    await add(slotsPath(service), { schema: 1 });
    await add(currentPath(service), null);
    for (const host of HOSTS) {
      await add(servicePath(service, host), { schema: 1, site: "north", rack: "r1" });
      if (dice.chance(0.2)) continue;
      const version = dice.pick(["1", "1", "2", null]);
      const serving = dice.pick(["serving", "serving", "down"] as const);
      await add(
        currentPath(service, host),
        current(host, { version, state: serving }),
        "ephemeral",
      );
      if (dice.chance(0.3)) {
        const step = dice.pick(["draining", "baking", "failed"] as const);
        await add(slotsPath(service, host), slot(host, { step, controlVersion: 0 }));
      }
      if (dice.chance(0.5)) {
        await addSequential(stagingPrefix(service, host), { schema: 1, host, version: "2" });
      }
    }
    if (dice.chance(0.8)) {
      const hosts = dice.pick([null, null, ["web-1"]]);
      await addSequential(wavePrefix(service), {
        schema: 1,
        rollout: ROLLOUT,
        service,
        version: "2",
        hosts,
      });
    }
  }
  const waves = SERVICES_OF_FLEET.map((service) => ({
    service,
    from: "1",
    version: "2",
    hosts: null,
    finishedMs: null,
  }));
  const record = { schema: 1, by: "ann", startedMs: 0, endedMs: null, state: "running", waves };
  await add(historyPath(ROLLOUT), record);
  return paths;
}

/** One thing that a stranger does. */
async function strike(zk: LocalZooKeeper, paths: string[], dice: Dice): Promise<void> {
  const path = dice.pick(paths);
  const node = zk.tree.find(path);
  if (node === undefined) return;
  switch (dice.weighted({ field: 8, bytes: 3, child: 5, empty: 1, delete: 1, copy: 3, deep: 1 })) {
    case "field":
      await zk.set(path, withField(bytesOf(node), dice));
      return;
    case "bytes":
      await zk.set(path, mutated(bytesOf(node), dice));
      return;
    case "empty":
      await zk.set(path, "");
      return;
    case "delete":
      if (node.children.size === 0) await zk.delete(path);
      return;
    case "child": {
      const child = `${path}/${dice.pick(NAMES)}`;
      const isPossible = pathProblem(child) === undefined && zk.tree.find(child) === undefined;
      if (!isPossible || node.ephemeralOwner !== 0n) return;
      const source = zk.tree.find(dice.pick(paths))?.data ?? new Uint8Array(0);
      await zk.create(child, dice.chance(0.5) ? source : mutated(source, dice));
      paths.push(child);
      return;
    }
    case "copy":
      await zk.set(path, zk.tree.find(dice.pick(paths))?.data ?? "");
      return;
    case "deep": {
      const depth = dice.pick([10, 40, 3_000, 30_000]);
      await zk.set(path, `{"schema":1,"x":${"[".repeat(depth)}${"]".repeat(depth)}}`);
      return;
    }
  }
}

/** The entry with one field, at any depth, replaced, added or taken away. */
function withField(data: Uint8Array, dice: Dice): Uint8Array {
  // One that is nested too deep could be read, and not written again.
  if (data.length > 5_000) return data;
  let entry: unknown;
  try {
    entry = JSON.parse(new TextDecoder().decode(data));
  } catch {
    return data;
  }
  let place = entry;
  for (let depth = 0; depth < 4; depth++) {
    if (typeof place !== "object" || place === null) break;
    const fields = place as Record<string, unknown>;
    const keys = Object.keys(fields);
    if (keys.length === 0) break;
    const key = dice.pick(keys);
    const inner = fields[key];
    if (typeof inner === "object" && inner !== null && dice.chance(0.6)) {
      place = inner;
      continue;
    }
    if (dice.chance(0.1)) delete fields[key];
    else fields[dice.chance(0.9) ? key : "unknown"] = dice.pick(VALUES);
    break;
  }
  return new TextEncoder().encode(JSON.stringify(entry));
}

/** The bytes with a few of them flipped, cut off, or others in their place. */
function mutated(data: Uint8Array, dice: Dice): Uint8Array {
  if (dice.chance(0.3)) return Uint8Array.from({ length: dice.below(40) }, () => dice.below(256));
  const bytes = data.slice();
  for (let flips = 1 + dice.below(3); flips > 0 && bytes.length > 0; flips--) {
    bytes[dice.below(bytes.length)] = dice.below(256);
  }
  return dice.chance(0.3) ? bytes.subarray(0, dice.below(bytes.length + 1)) : bytes;
}
