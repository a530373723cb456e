import assert from "node:assert/strict";
import { desk, deskActor, withNodes } from "./fixture.ts";
import { hello, Mallory } from "./mallory.ts";

Deno.test("R11: a peer that does not greet, or does not read what it asks for, is given up", () =>
  withNodes(async (fixture) => {
    const { clock, network, there } = fixture;
    const large = "x".repeat(100_000);
    const talker = deskActor([], {
      receive(state, message) {
        if (message.type === "upper") message.replyTo.tell(large);
        return state;
      },
    });
    there.node.export(desk, there.system.spawn("desk", talker));
    const silent = await Mallory.dial(fixture);
    const greedy = await Mallory.dial(fixture);
    greedy.send(hello, { k: "open", ref: 0, name: "desk" });
    await clock.settle();
    assert.equal(there.node.status.connections, 3);
    for (let ask = 0; ask < 100; ask++) {
      const message = { type: "upper", text: "" };
      greedy.send({ k: "ask", ref: 0, ask, timeoutMs: 1_000, message });
    }
    network.stuck = true;
    await clock.settle();
    assert.equal(there.node.status.connections, 2, "the one that does not read");
    network.stuck = false;
    await clock.advance(5_000);
    assert.ok(silent.closed);
    assert.equal(there.node.status.connections, 1);
  }, { queueBytes: 1_000_000 }));
