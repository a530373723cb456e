import assert from "node:assert/strict";
import { transfersContract, type TransfersMessage } from "../../../../actors/fetcher/transfers.ts";
import { ActorSystem } from "../../../../actors/runtime/mod.ts";
import { RemoteNode } from "../../../../actors/runtime/remote/mod.ts";
import { TransferPoller } from "../../../../cli/status/transfer_poller.ts";
import type { Fleet, FleetHost } from "../../../../coordination/mod.ts";

const TRANSFER = {
  version: "v2",
  verifiedBytes: 30,
  totalBytes: 100,
  downloadBytesPerSecond: 10,
  uploadBytesPerSecond: 0,
  peers: 3,
};

/** An agent that fetches `web v2`, and counts how often it is asked. */
function startAgent() {
  const system = ActorSystem.create({ name: "agent" });
  const node = RemoteNode.create({ system });
  let asked = 0;
  node.export(
    transfersContract("web"),
    system.spawn("fetcher", {
      init: () => null,
      receive(state: null, { replyTo }: TransfersMessage) {
        asked++;
        replyTo.tell([{ ...TRANSFER, version: "v1" }, TRANSFER]);
        return state;
      },
    }),
  );
  const url = node.listen("tcp://127.0.0.1:0");
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => Response.json({ url }),
  );
  return {
    endpoint: `http://127.0.0.1:${server.addr.port}`,
    get asked() {
      return asked;
    },
    get connections() {
      return node.status.connections;
    },
    async stop() {
      await system.stop();
      await server.shutdown();
    },
  };
}

function fleetOf(endpoint: string, phase: "fetching" | "verifying"): Fleet {
  const host: Partial<FleetHost> = {
    host: "web-1",
    online: true,
    endpoint,
    preparation: { version: "v2", phase, progress: 0.1 },
  };
  return { services: { web: { hosts: [host] } } } as unknown as Fleet;
}

/** Waits for something to show, until it holds. */
async function withTransfers(
  test: (
    transfers: TransferPoller,
    until: (holds: () => boolean) => Promise<void>,
  ) => Promise<void>,
): Promise<void> {
  const transfers = new TransferPoller(() => {});
  // Generous: it is reached only when the test fails.
  const deadlineMs = performance.now() + 30_000;
  try {
    await test(transfers, async (holds) => {
      while (!holds()) {
        if (performance.now() > deadlineMs) throw new Error(`it never holds: ${holds}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
  } finally {
    await transfers.close();
  }
}

Deno.test("TransferPoller: an agent that fetches is asked, until it does not fetch any more", async () => {
  const agent = startAgent();
  try {
    await withTransfers(async (transfers, until) => {
      const find = () => transfers.find("web-1", { service: "web", version: "v2" });
      transfers.follow(fleetOf(agent.endpoint, "verifying"));
      assert.equal(find(), null);
      transfers.follow(fleetOf(agent.endpoint, "fetching"));
      await until(() => find() !== null);
      assert.deepEqual(find(), TRANSFER);
      assert.equal(transfers.find("web-1", { service: "web", version: "v3" }), null);
      assert.equal(transfers.find("web-1", { service: "api", version: "v2" }), null);
      // The same again changes nothing.
      transfers.follow(fleetOf(agent.endpoint, "fetching"));
      await until(() => agent.asked >= 2);
      assert.equal(agent.connections, 1);
      transfers.follow(fleetOf(agent.endpoint, "verifying"));
      assert.equal(find(), null);
      await until(() => agent.connections === 0);
    });
  } finally {
    await agent.stop();
  }
});

Deno.test("TransferPoller: an agent that went away says nothing, and what it said before is forgotten", async () => {
  const agent = startAgent();
  await withTransfers(async (transfers, until) => {
    const find = () => transfers.find("web-1", { service: "web", version: "v2" });
    transfers.follow(fleetOf(agent.endpoint, "fetching"));
    await until(() => find() !== null);
    await agent.stop();
    await until(() => find() === null);
  });
});

Deno.test("TransferPoller: an agent that cannot be found is no failure", async () => {
  await withTransfers(async (transfers) => {
    // A port at which nobody listens any more.
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    listener.close();
    transfers.follow(fleetOf(`http://127.0.0.1:${listener.addr.port}`, "fetching"));
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(transfers.find("web-1", { service: "web", version: "v2" }), null);
  });
});
