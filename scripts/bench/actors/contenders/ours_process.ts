/** The other process of ours: says where it listens, and ends with its standard input. */

import { ActorSystem } from "../../../../actors/runtime/mod.ts";
import { RemoteNode } from "../../../../actors/runtime/remote/mod.ts";
import { answering, answeringContract } from "./answering.ts";

const system = ActorSystem.create({ name: "there" });
const node = RemoteNode.create({ system });
node.export(answeringContract, system.spawn("answering", answering));
await Deno.stdout.write(new TextEncoder().encode(`${node.listen("tcp://127.0.0.1:0")}\n`));
for await (const _ of Deno.stdin.readable);
await system.stop();
