// This project's client in the benchmark. Usage: ours.ts HOST:PORT MS_PER_CASE [client]; with
// `client` only what a server that keeps nothing can answer
import { ZooKeeper } from "../../../../zookeeper/mod.ts";
import { measured, report } from "./measuring.js";

const [address = "", caseMs = "0", part] = Deno.args;
const zk = new ZooKeeper(address);
const writer = new ZooKeeper(address);
await zk.connected();
await writer.connected();
const root = `/bench-ours-${Deno.pid}`;
const data = new Uint8Array(100).fill(120);
const batch = 2_000;
const nodes = 1_000;
await zk.create(root, data);
const watched = Array.from(
  { length: nodes },
  (_, index) => `${root}/w${index}`,
);
await Promise.all(watched.map((path) => zk.create(path, data)));

/** Sends a whole batch at once and checks each reply. */
async function pipelined(
  run: (index: number) => Promise<boolean>,
): Promise<number> {
  const replies = await Promise.all(
    Array.from({ length: batch }, (_, index) => run(index)),
  );
  return replies.filter(Boolean).length;
}

const pipelinedCases = {
  "set, pipelined": () =>
    pipelined(async () => (await zk.set(root, data)).dataSizeBytes === data.length),
  "get, pipelined": () => pipelined(async () => (await zk.get(root)).data.length === data.length),
};
const cases = part === "client" ? pipelinedCases : {
  ...pipelinedCases,
  "create and delete, pipelined": async () => {
    const paths = Array.from(
      { length: batch / 2 },
      (_, index) => `${root}/n${index}`,
    );
    const created = await Promise.all(
      paths.map((path) => zk.create(path, data)),
    );
    await Promise.all(created.map((path) => zk.delete(path)));
    return created.length * 2;
  },
  "set, one after the other": async () => {
    for (let index = 0; index < 100; index++) await zk.set(root, data);
    return 100;
  },
  "get, one after the other": async () => {
    for (let index = 0; index < 100; index++) await zk.get(root);
    return 100;
  },
  "watch: arm, change, hear": async () => {
    let heard = 0;
    const all = Promise.withResolvers<void>();
    const watch = () => {
      if (++heard === nodes) all.resolve();
    };
    await Promise.all(watched.map((path) => zk.get(path, { watch })));
    const sets = watched.map((path) => writer.set(path, data));
    await all.promise;
    await Promise.all(sets);
    return heard;
  },
};
const results: Record<string, number> = {};
for (const [name, run] of Object.entries(cases)) {
  results[name] = await measured(Number(caseMs), run);
}
await Promise.all(watched.map((path) => zk.delete(path)));
await zk.delete(root);
await zk.close();
await writer.close();
report(results);
