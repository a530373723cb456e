import assert from "node:assert/strict";
import { spawnTree } from "../../../../actors/agent/spawn_tree.ts";
import { agentConfigSchema } from "../../../../actors/config/agent_config.ts";
import type { FetcherDisk } from "../../../../actors/fetcher/disk.ts";
import { ActorSystem, VirtualClock } from "../../../../actors/runtime/mod.ts";
import { stopCleanly } from "../../../../actors/runtime/testing/mod.ts";
import { type HostPorts, ReleaseLayout, type Releases } from "../../../../host/mod.ts";
import type { TorrentEngine } from "../../../../torrent/mod.ts";
import { ZooKeeper } from "../../../../zookeeper/mod.ts";

/** An object on which every method that is not given fails: whoever calls it reaches for the machine past the port. */
function only<T extends object>(given: Partial<T>): T {
  return new Proxy(given, {
    get(target, name) {
      const value = Reflect.get(target, name);
      assert.notEqual(value, undefined, `unexpected use of ${String(name)}`);
      return value;
    },
  }) as T;
}

Deno.test("spawnTree: the actors run on the machine, the disk and the network that they are given", async () => {
  const clock = new VirtualClock();
  const system = ActorSystem.create({ name: "agent", clock });
  const config = agentConfigSchema.parse({
    host: "web-1",
    site: "north",
    rack: "r1",
    zookeeper: "nowhere:1",
    dataDir: "/nowhere",
    services: { web: { command: ["web"], pin: { mode: "off" } } },
  });
  const used: string[] = [];
  const ports = only<HostPorts>({
    processes: only<HostPorts["processes"]>({
      adopt(path) {
        used.push(`adopt ${path}`);
        return null;
      },
    }),
    keepers: only<HostPorts["keepers"]>({}),
    openJournal(path) {
      used.push(`journal ${path}`);
      return only<ReturnType<HostPorts["openJournal"]>>({ read: () => ({ state: "absent" }) });
    },
  });
  const store = only<Releases>({
    layout: new ReleaseLayout("/nowhere", "web"),
    list: () => Promise.resolve([]),
  });
  const dialled: string[] = [];
  spawnTree(system, {
    config,
    agent: "a-1",
    stores: new Map([["web", store]]),
    engine: only<TorrentEngine>({}),
    keeperCommand: [],
    machine: { id: "m", boot: "b" },
    ports,
    disk: only<FetcherDisk>({}),
    connect: (servers, options) =>
      new ZooKeeper(servers, {
        ...options,
        clock,
        dial({ hostname }) {
          dialled.push(hostname);
          return Promise.reject(new Error("there is no network"));
        },
      }),
  });
  await clock.advance(60_000);
  assert.deepEqual(used, [
    "adopt /nowhere/web/.rollcall/process.json",
    "journal /nowhere/web/.rollcall/switch.json",
  ]);
  assert.ok(dialled.length > 10);
  assert.deepEqual([...new Set(dialled)], ["nowhere"]);
  assert.equal(system.counters.failures, 0);
  await stopCleanly({ system, clock });
});
