// npm:node-zookeeper-client in the benchmark, on this runtime. Usage:
// node_zookeeper_client.js HOST:PORT MS_PER_CASE [client]
import zookeeper from "node-zookeeper-client";
import { Buffer } from "node:buffer";
import { measured, report } from "./measuring.js";

const [address, caseMs, part] = Deno.args;

function connected() {
  const client = zookeeper.createClient(address, { sessionTimeout: 10_000 });
  return new Promise((resolve) => {
    client.once("connected", () => resolve(client));
    client.connect();
  });
}

const zk = await connected();
const writer = await connected();
const root = `/bench-node-${Deno.pid}`;
const data = Buffer.alloc(100, 120);
const batch = 2_000;
const nodes = 1_000;

const call = (run) =>
  new Promise((resolve, reject) =>
    run((error, ...results) => error ? reject(error) : resolve(results))
  );
const create = (path) => call((done) => zk.create(path, data, done));
const remove = (path) => call((done) => zk.remove(path, done));
const set = (path) => call((done) => zk.setData(path, data, done));
const get = (path) => call((done) => zk.getData(path, done));

await create(root);
const watched = Array.from(
  { length: nodes },
  (_, index) => `${root}/w${index}`,
);
await Promise.all(watched.map(create));

async function pipelined(run) {
  const replies = await Promise.all(Array.from({ length: batch }, run));
  return replies.filter(Boolean).length;
}

const pipelinedCases = {
  "set, pipelined": () => pipelined(async () => (await set(root))[0].dataLength === data.length),
  "get, pipelined": () => pipelined(async () => (await get(root))[0].length === data.length),
};
const cases = part === "client" ? pipelinedCases : {
  ...pipelinedCases,
  "create and delete, pipelined": async () => {
    const paths = Array.from(
      { length: batch / 2 },
      (_, index) => `${root}/n${index}`,
    );
    const created = await Promise.all(paths.map(create));
    await Promise.all(paths.map(remove));
    return created.length * 2;
  },
  "set, one after the other": async () => {
    for (let index = 0; index < 100; index++) await set(root);
    return 100;
  },
  "get, one after the other": async () => {
    for (let index = 0; index < 100; index++) await get(root);
    return 100;
  },
  "watch: arm, change, hear": async () => {
    let heard = 0;
    let finish;
    const all = new Promise((resolve) => finish = resolve);
    const watch = () => {
      if (++heard === nodes) finish();
    };
    await Promise.all(
      watched.map((path) => call((done) => zk.getData(path, watch, done))),
    );
    const sets = watched.map((path) => call((done) => writer.setData(path, data, done)));
    await all;
    await Promise.all(sets);
    return heard;
  },
};
const results = {};
for (const [name, run] of Object.entries(cases)) {
  results[name] = await measured(Number(caseMs), run);
}
await Promise.all(watched.map(remove));
await remove(root);
zk.close();
writer.close();
report(results);
