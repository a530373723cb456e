/** Tests of the version that a host takes which was away. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { type Current, decideRejoin, type Service } from "../../../rollout/mod.ts";
import { current, service } from "./views.ts";

function rejoin(
  versions: Readonly<Record<string, Partial<Current>>>,
  entry: Partial<Service> = {},
) {
  const entries = Object.entries(versions).map(([host, entry]) =>
    [host, current(host, entry)] as const
  );
  return decideRejoin("web-1", service(entry), new Map(entries));
}

Deno.test("decideRejoin: the most popular version among those that serve", () => {
  const versions = {
    "web-2": { version: "2" },
    "web-3": { version: "2" },
    "web-4": { version: "1" },
  };
  assert.deepEqual(rejoin(versions), { version: "2", reason: "most popular: 2 hosts serve 2" });
  assert.deepEqual(rejoin({ "web-2": { version: "2" } }), {
    version: "2",
    reason: "most popular: 1 host serves 2",
  });
});

Deno.test("decideRejoin: neither its own entry, nor a host that is down or runs nothing, has a vote", () => {
  const versions = {
    "web-1": { version: "3" },
    "web-2": { version: "2", state: "down" },
    "web-3": { version: null },
    "web-4": { version: "1.5" },
  } as const;
  assert.equal(rejoin(versions).version, "1.5");
});

Deno.test("decideRejoin: a tie is settled by the committed version", () => {
  assert.deepEqual(rejoin({ "web-2": { version: "3" }, "web-3": { version: "2" } }), {
    version: "1",
    reason: "tie between 2 and 3: the committed version 1",
  });
});

Deno.test("decideRejoin: after a power cut the committed version", () => {
  assert.deepEqual(rejoin({}), {
    version: "1",
    reason: "no other host serves: the committed version 1",
  });
});

Deno.test("decideRejoin: nothing without votes and a committed version", () => {
  assert.deepEqual(rejoin({}, { committed: null }), {
    version: null,
    reason: "no version is committed yet",
  });
});

Deno.test("decideRejoin: a withdrawn version has no votes, however many serve it", () => {
  const versions = {
    "web-2": { version: "2" },
    "web-3": { version: "2" },
    "web-4": { version: "1" },
  };
  assert.equal(rejoin(versions, { withdrawn: ["2"] }).version, "1");
});

Deno.test("decideRejoin: a committed version that was withdrawn is not taken either", () => {
  assert.deepEqual(rejoin({}, { withdrawn: ["1"] }), {
    version: null,
    reason: "the committed version 1 was withdrawn",
  });
});

Deno.test("decideRejoin: never a withdrawn version, and none that more hosts outvote", () => {
  const version = fc.constantFrom("1", "2", "3");
  fc.assert(fc.property(
    fc.array(fc.record({ version, isServing: fc.boolean() }), { maxLength: 9 }),
    fc.subarray(["1", "2", "3"]),
    (hosts, withdrawn) => {
      const versions = Object.fromEntries(hosts.map(({ version, isServing }, index) => [
        `web-${index + 2}`,
        { version, state: isServing ? "serving" : "down" } as const,
      ]));
      const chosen = rejoin(versions, { withdrawn }).version;
      if (chosen === null) return withdrawn.includes("1");
      const votes = (candidate: string) =>
        hosts.filter((host) => host.isServing && host.version === candidate).length;
      const rivals = ["1", "2", "3"].filter((rival) =>
        rival !== chosen && !withdrawn.includes(rival)
      );
      const isOutvoted = rivals.some((rival) =>
        votes(rival) > votes(chosen) &&
        rivals.every((other) => other === rival || votes(other) < votes(rival))
      );
      return !withdrawn.includes(chosen) && !isOutvoted;
    },
  ));
});
