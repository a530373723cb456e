import assert from "node:assert/strict";
import { ActorSystem, type Probe, spawnProbe, Topic } from "../../../../actors/runtime/mod.ts";
import {
  sessionActor,
  type SessionEvent,
  type ZnodeEvent,
} from "../../../../actors/session/session.ts";
import { Coordinator } from "../../../../zookeeper/server/mod.ts";
import { ZooKeeper } from "../../../../zookeeper/mod.ts";

async function until(what: string, isTrue: () => boolean): Promise<void> {
  for (let look = 0; look < 1_000; look++) {
    if (isTrue()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`waited in vain until ${what}`);
}

function last(probe: Probe<SessionEvent>): SessionEvent["type"] | undefined {
  return probe.messages.at(-1)?.type;
}

Deno.test("session: tells of the session and of watched nodes, also after the server was away", async () => {
  const dataDir = await Deno.makeTempDir({ prefix: "rollcall-session-" });
  let coordinator = await Coordinator.listen({ dataDir, tickTimeMs: 100 });
  const { port, connectString } = coordinator;
  const zk = new ZooKeeper(connectString);
  const system = ActorSystem.create({ name: "test" });
  try {
    await zk.create("/node", "1");
    const events = new Topic<SessionEvent>("session", { replayLast: true });
    const heard = spawnProbe<SessionEvent>(system, "heard");
    const changes = spawnProbe<ZnodeEvent>(system, "changes");
    events.subscribe(heard.ref);
    const session = system.spawn(
      "session",
      sessionActor({ servers: connectString, client: { sessionTimeoutMs: 30_000 }, events }),
    );
    session.tell({ type: "watch", path: "/node", subscriber: changes.ref });
    await until("it is connected", () => last(heard) === "session_connected");
    await until("the watch stands", () => changes.messages.length === 1);
    await zk.set("/node", "2");
    await until("a change is told", () => changes.messages.length >= 2);
    await zk.create("/node/child", "");
    await until("a new child is told", () => changes.messages.length >= 3);

    const before = heard.messages.at(-1);
    await coordinator.close();
    await until("it is suspended", () => last(heard) === "session_suspended");
    coordinator = await Coordinator.listen({ dataDir, port, tickTimeMs: 100 });
    await until("it is connected again", () => last(heard) === "session_connected");
    const after = heard.messages.at(-1);
    assert.ok(before?.type === "session_connected" && after?.type === "session_connected");
    assert.equal(after.sessionId, before.sessionId);
    const toldCount = changes.messages.length;
    await zk.set("/node", "3");
    await until("a change is told again", () => changes.messages.length > toldCount);
  } finally {
    await system.stop();
    await zk.close();
    await coordinator.close();
    await Deno.remove(dataDir, { recursive: true });
  }
});
