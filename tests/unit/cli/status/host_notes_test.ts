/** Tests of what is said of hosts that they do not say themselves. */

import assert from "node:assert/strict";
import { countOthers, notesOnHosts } from "../../../../cli/status/host_notes.ts";
import type { FleetHost, FleetService, QueuedWave } from "../../../../coordination/mod.ts";
import { fleetService } from "../fleet_host.ts";

const OFFLINE = { online: false, state: "down", version: null } as const;

function service(...hosts: readonly Partial<FleetHost>[]): FleetService {
  return fleetService(hosts);
}

const WAVE: QueuedWave = { service: "web", version: "v2", hosts: null, isNext: true };

Deno.test("notesOnHosts: who stays on what an abort has left behind is told, and counted", () => {
  // Regression: the fleet was "committed v1, 3 of 3 serving" with all hosts on v2.
  const fleet = { services: { web: service({ version: "v2" }, { host: "web-2" }) }, queue: [] };
  assert.deepEqual([...notesOnHosts("web", fleet)], [
    ["web-1", "not the committed v1; it stays on v2 until the next rollout"],
  ]);
  assert.equal(countOthers("web", fleet), 1);
  const under = { ...fleet, queue: [WAVE] };
  assert.deepEqual([notesOnHosts("web", under).size, countOthers("web", under)], [0, 0]);
});

Deno.test("notesOnHosts: who is on its way to the committed version says so itself", () => {
  const services = {
    web: service({ version: "v0", preparation: { version: "v1", phase: "fetching", progress: 0 } }),
  };
  assert.equal(notesOnHosts("web", { services, queue: [] }).size, 0);
  assert.equal(countOthers("web", { services, queue: [] }), 1);
});

Deno.test("notesOnHosts: an agent that is online without the service is told, with the way out", () => {
  const fleet = { services: { web: service(OFFLINE), db: service({}) }, queue: [] };
  assert.deepEqual([...notesOnHosts("web", fleet)], [[
    "web-1",
    "its agent is online without web: taken out of its config? rollcall hosts forget web-1 --service web",
  ]]);
  const away = { services: { web: service(OFFLINE), db: service(OFFLINE) }, queue: [] };
  assert.equal(notesOnHosts("web", away).size, 0);
});

Deno.test("notesOnHosts: a host that a rollout may wait for, and that is away, comes with the way out", () => {
  const services = { web: service(OFFLINE, { host: "web-2" }) };
  assert.deepEqual([...notesOnHosts("web", { services, queue: [WAVE] })], [
    ["web-1", "away; dead for good? rollcall hosts forget web-1"],
  ]);
  assert.equal(notesOnHosts("web", { services, queue: [] }).size, 0);
});
