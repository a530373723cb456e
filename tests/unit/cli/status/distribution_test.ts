import assert from "node:assert/strict";
import { askDistributions, releasesToAsk } from "../../../../cli/status/distribution.ts";
import type { Fleet, FleetHost, FleetRelease } from "../../../../coordination/mod.ts";

function release(version: string, more: Partial<FleetRelease> = {}): FleetRelease {
  return { version, infoHash: version.padEnd(40, "0"), sizeBytes: 1, trackers: [], ...more };
}

function fetching(version: string): Partial<FleetHost> {
  return { online: true, preparation: { version, phase: "fetching", progress: 0 } };
}

function fleetOf(
  services: Readonly<Record<string, { releases: FleetRelease[]; hosts?: Partial<FleetHost>[] }>>,
): Fleet {
  const entries = Object.entries(services).map(([name, { releases, hosts = [] }]) => [
    name,
    { releases, hosts },
  ]);
  return { services: Object.fromEntries(entries) } as unknown as Fleet;
}

function named(fleet: Fleet): string[] {
  return releasesToAsk(fleet).map(({ service, version }) => `${service} ${version}`);
}

Deno.test("releasesToAsk: those that are fetched, else the newest of each service", () => {
  const releases = [release("v2"), release("v1")];
  assert.deepEqual(named(fleetOf({ a: { releases }, b: { releases, hosts: [fetching("v1")] } })), [
    "b v1",
    "a v2",
  ]);
  const both = [fetching("v1"), fetching("v2"), { ...fetching("v1"), online: false }];
  assert.deepEqual(named(fleetOf({ a: { releases, hosts: both } })), ["a v2", "a v1"]);
  const gone = [{ ...fetching("v1"), online: false }];
  assert.deepEqual(named(fleetOf({ a: { releases, hosts: gone } })), ["a v2"]);
});

Deno.test("releasesToAsk: a release without content spreads nowhere, and there are never more than 32", () => {
  assert.deepEqual(
    named(fleetOf({ a: { releases: [release("v1", { sizeBytes: 0 })] }, b: { releases: [] } })),
    [],
  );
  const services = Object.fromEntries(
    Array.from({ length: 40 }, (_, index) => [`s${index}`, {
      releases: [release("v1")],
      hosts: index === 39 ? [fetching("v1")] : [],
    }]),
  );
  const asked = named(fleetOf(services));
  assert.equal(asked.length, 32);
  assert.equal(asked[0], "s39 v1");
});

Deno.test("askDistributions: a release that names no tracker says what to do, and nobody is asked", async () => {
  const [answer] = await askDistributions(fleetOf({ a: { releases: [release("v1")] } }));
  assert.equal(answer?.report, null);
  assert.match(answer?.problem ?? "", /names no tracker .* give --tracker URL/);
});
