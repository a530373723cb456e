// Runs coordinators on a disk that is full but for 2 MiB (see small_disk.ts): FOLDER is the disk. Prints
// "survived" when all is as it should be.
import assert from "node:assert/strict";
import { ZooKeeper } from "../../../zookeeper/mod.ts";
import { Coordinator } from "../../../zookeeper/server/mod.ts";

const [disk = ""] = Deno.args;
const dataDir = `${disk}/data`;

/** Creates nodes of 1 kB until the coordinator stops, and returns what was acknowledged and why it stopped. */
async function fill(coordinator: Coordinator, prefix: string) {
  const zk = new ZooKeeper(coordinator.connectString, { operationTimeoutMs: 5_000 });
  const made: string[] = [];
  let failure: Error | undefined;
  void coordinator.finished.then((error) => failure = error);
  while (failure === undefined) {
    const path = `/${prefix}-${made.length}`;
    await zk.create(path, "x".repeat(1_000)).then(() => made.push(path), () => {});
  }
  await zk.close();
  await coordinator.close();
  return { made, failure };
}

// It needs 2 MiB for its data alone, and no more for anything that makes it faster.
const first = await fill(await Coordinator.listen({ dataDir }), "first");
assert.ok(first.made.length > 50, `${first.made.length} nodes`);
assert.match(
  first.failure.message,
  /write .*data\/coordinator\.sqlite: .*disk is full; free some space there and start again/,
);

// Not a byte is free: it starts all the same, as often as one likes, and leaves what is freed alone.
const kept = new Set(first.made);
const check = async (coordinator: Coordinator) => {
  const zk = new ZooKeeper(coordinator.connectString);
  const there = new Set((await zk.childNames("/")).map((name) => `/${name}`));
  assert.deepEqual([...kept].filter((path) => !there.has(path)), []);
  return zk;
};
for (let round = 0; round < 3; round++) {
  const coordinator = await Coordinator.listen({ dataDir });
  assert.equal(coordinator.connectString.length > 0, true);
  await coordinator.close();
}

// 100 kB are enough to go on; the start does not take them for itself.
await Deno.truncate(`${disk}/filler`, (await Deno.stat(`${disk}/filler`)).size - 100_000);
const second = await fill(await Coordinator.listen({ dataDir }), "second");
// Each is a commit of its own, of four pages or five.
assert.ok(second.made.length >= 3, `${second.made.length} nodes after 100 kB were freed`);
for (const path of second.made) kept.add(path);

await Deno.remove(`${disk}/filler`);
const third = await Coordinator.listen({ dataDir });
const zk = await check(third);
await zk.create("/at-last", "");
await zk.close();
await third.close();
await Deno.stdout.write(new TextEncoder().encode("survived\n"));
