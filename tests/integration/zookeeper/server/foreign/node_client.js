// What users of npm:node-zookeeper-client do with a server. Usage: node_client.js HOST:PORT
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import zookeeper from "node-zookeeper-client";

const client = zookeeper.createClient(Deno.args[0], { sessionTimeout: 5_000 });
const call = (run) =>
  new Promise((resolve, reject) =>
    run((error, ...results) => error ? reject(error) : resolve(results))
  );
await new Promise((resolve) => {
  client.once("connected", resolve);
  client.connect();
});
await call((done) => client.mkdirp("/node/deep", done));
const events = [];
const watch = (event) => events.push(event.getName());
assert.equal((await call((done) => client.exists("/node/a", watch, done)))[0], null);
await call((done) => client.create("/node/a", Buffer.from("1"), done));
const [data, stat] = await call((done) => client.getData("/node/a", watch, done));
assert.equal(data.toString(), "1");
assert.equal(stat.version, 0);
await call((done) => client.setData("/node/a", Buffer.from("2"), 0, done));
const [children] = await call((done) => client.getChildren("/node", watch, done));
assert.deepEqual(children.sort(), ["a", "deep"]);
const [path] = await call((done) =>
  client.create("/node/e-", zookeeper.CreateMode.EPHEMERAL_SEQUENTIAL, done)
);
assert.equal(path, "/node/e-0000000002");
await call((done) =>
  client.transaction().create("/node/t").setData("/node/t", Buffer.from("x")).remove("/node/t")
    .commit(done)
);
await assert.rejects(
  call((done) => client.remove("/none", done)),
  (error) => error.getCode() === zookeeper.Exception.NO_NODE,
);
client.addAuthInfo("digest", Buffer.from("ann:secret"));
await call((done) => client.create("/node/acl", zookeeper.ACL.CREATOR_ALL_ACL, done));
const [acl] = await call((done) => client.getACL("/node/acl", done));
assert.match(acl[0].id.id, /^ann:/);
assert.deepEqual(events, ["NODE_CREATED", "NODE_DATA_CHANGED", "NODE_CHILDREN_CHANGED"]);
client.close();
await new Promise((resolve) => client.once("disconnected", resolve));
Deno.stdout.writeSync(new TextEncoder().encode("all done\n"));
Deno.exit(0);
