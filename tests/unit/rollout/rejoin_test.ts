/** Tests of the version that a host takes which was away. */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  areVotesNeeded,
  type Control,
  type Current,
  decideRejoin,
  decideRejoinByCount,
  isSameRelease,
  type ReleaseIdentity,
  type Service,
} from "../../../rollout/mod.ts";
import { current, HASHES, service, withoutHash } from "./views.ts";

function rejoin(
  versions: Readonly<Record<string, Partial<Current>>>,
  entry: Partial<Service> = {},
  situation: { readonly rosterSize?: number; readonly control?: Control | null } = {},
) {
  const entries = Object.entries(versions).map(([host, entry]) =>
    [host, current(host, entry)] as const
  );
  const names = new Set(["web-1", ...Object.keys(versions)]);
  while (names.size < (situation.rosterSize ?? 0)) names.add(`web-${names.size + 1}`);
  const view = {
    current: new Map(entries),
    roster: [...names],
    control: situation.control ?? null,
  };
  return decideRejoin("web-1", service(entry), view);
}

/** The decision where nobody says which content a version has. */
function rejoinByName(...of: Parameters<typeof rejoin>) {
  return withoutHash(rejoin(...of));
}

Deno.test("decideRejoin: the most popular version among those that serve", () => {
  const versions = {
    "web-2": { version: "2" },
    "web-3": { version: "2" },
    "web-4": { version: "2" },
    "web-5": { version: "1" },
  };
  assert.deepEqual(rejoinByName(versions), {
    version: "2",
    reason: "most popular: 3 hosts serve 2",
  });
  assert.deepEqual(rejoinByName({ "web-2": { version: "1" } }), {
    version: "1",
    reason: "most popular: 1 host serves 1",
  });
});

Deno.test("decideRejoin: an uncommitted version needs more than half of the roster, and control running", () => {
  // Regression: only the canary kept its power, and nine others came back on its version, past the wave and its quorum.
  assert.deepEqual(rejoinByName({ "web-2": { version: "2" } }, {}, { rosterSize: 10 }), {
    version: "1",
    reason: "2 is not committed, and 1 of 10 hosts serve it: the committed version 1",
  });
  const versions = { "web-2": { version: "2" }, "web-3": { version: "2" } };
  assert.equal(rejoin(versions, {}, { rosterSize: 4 }).version, "1");
  assert.equal(rejoin(versions, {}, { rosterSize: 3 }).version, "2");
  const paused = { schema: 1, state: "paused", by: "ann", reason: null, sinceMs: 0 } as const;
  assert.deepEqual(rejoinByName(versions, {}, { rosterSize: 3, control: paused }), {
    version: "1",
    reason: "2 is not committed, and control is paused: the committed version 1",
  });
  assert.equal(rejoin(versions, { committed: null }, { rosterSize: 4 }).version, null);
});

Deno.test("decideRejoin: neither its own entry, nor a host that is down or runs nothing, has a vote", () => {
  const versions = {
    "web-1": { version: "3" },
    "web-2": { version: "2", state: "down" },
    "web-3": { version: null },
    "web-4": { version: "1" },
    "web-5": { version: "1" },
    "web-6": { version: "1" },
  } as const;
  assert.deepEqual(rejoinByName(versions, { committed: null }), {
    version: null,
    reason: "no version is committed yet",
  });
  assert.equal(rejoin(versions).reason, "most popular: 3 hosts serve 1");
});

Deno.test("decideRejoin: a tie is settled by the committed version", () => {
  assert.deepEqual(rejoinByName({ "web-2": { version: "3" }, "web-3": { version: "2" } }), {
    version: "1",
    reason: "tie between 2 and 3: the committed version 1",
  });
});

Deno.test("decideRejoin: after a power cut the committed version", () => {
  assert.deepEqual(rejoinByName({}), {
    version: "1",
    reason: "no other host serves: the committed version 1",
  });
});

Deno.test("decideRejoin: nothing without votes and a committed version", () => {
  assert.deepEqual(rejoinByName({}, { committed: null }), {
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
  assert.deepEqual(rejoinByName({}, { withdrawn: ["1"] }), {
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
      // The committed version may be outvoted, by what no more than half of the roster serves.
      const isMajority = (version: string) => 2 * votes(version) > hosts.length + 1;
      if (chosen !== "1" && !isMajority(chosen)) return false;
      const rivals = ["1", "2", "3"].filter((rival) =>
        rival !== chosen && !withdrawn.includes(rival) && isMajority(rival)
      );
      const isOutvoted = rivals.some((rival) =>
        votes(rival) > votes(chosen) &&
        rivals.every((other) => other === rival || votes(other) < votes(rival))
      );
      return !withdrawn.includes(chosen) && !isOutvoted;
    },
  ));
});

Deno.test("decideRejoin: hosts with other content under the same version vote for another release", () => {
  const [one, other] = HASHES;
  const versions = {
    "web-2": { version: "2", infoHash: one },
    "web-3": { version: "2", infoHash: one },
    "web-4": { version: "2", infoHash: other },
  };
  assert.deepEqual(rejoin(versions, {}, { rosterSize: 4 }), {
    version: "1",
    infoHash: null,
    restart: undefined,
    reason: "2 is not committed, and 2 of 4 hosts serve it: the committed version 1",
  });
  assert.deepEqual(rejoin({ ...versions, "web-5": { version: "2", infoHash: one } }), {
    version: "2",
    infoHash: one,
    reason: "most popular: 3 hosts serve 2",
  });
});

Deno.test("decideRejoin: hosts that do not say which content they have vote for the release that others name", () => {
  const [one] = HASHES;
  const versions = {
    "web-2": { version: "2", infoHash: one },
    "web-3": { version: "2" },
    "web-4": { version: "2" },
  };
  assert.equal(rejoin(versions, {}, { rosterSize: 4 }).infoHash, one);
  const committed = {
    service: "A",
    version: "2",
    infoHash: one,
    sizeBytes: 0,
    torrentUrl: null,
  };
  const unnamed = { "web-2": { version: "2" }, "web-3": { version: "2" } };
  assert.equal(rejoin(unnamed, { committed }).infoHash, one);
});

Deno.test("areVotesNeeded: while another release is on offer, and most of the roster serves", () => {
  const committed = {
    service: "A",
    version: "1",
    infoHash: HASHES[0],
    sizeBytes: 1,
    torrentUrl: "http://build",
  };
  const entry = service({ committed });
  const most = { servingCount: 6, rosterCount: 10 };
  const needed = (offer: ReleaseIdentity | null, census = most) =>
    areVotesNeeded({ service: entry, offer, census });
  assert.equal(needed({ version: "2", infoHash: HASHES[1] }), true);
  assert.equal(needed({ version: "1", infoHash: HASHES[1] }), true, "other content");
  assert.equal(needed({ version: "2" }, { servingCount: 5, rosterCount: 10 }), false);
  // After a power cut of all there is nothing else to run, and nobody reads all others.
  assert.equal(needed({ version: "1", infoHash: HASHES[0] }), false);
  assert.equal(needed(null), false);
});

Deno.test("decideRejoinByCount: decides the same wherever the votes are not needed", () => {
  const version = fc.constantFrom("1", "2", "3");
  const other = fc.record({
    version: fc.option(version),
    infoHash: fc.constantFrom(HASHES[0], HASHES[1], undefined),
    state: fc.constantFrom("serving" as const, "down" as const),
  });
  const control = fc.constantFrom(null, "running" as const, "paused" as const);
  fc.assert(fc.property(
    fc.array(other, { maxLength: 6 }),
    fc.nat(8),
    fc.option(version),
    fc.array(version, { maxLength: 1 }),
    control,
    fc.option(version),
    (others, rosterSize, committed, withdrawn, state, offered) => {
      const versions = Object.fromEntries(
        others.map(({ infoHash, ...entry }, index) => [
          `web-${index + 2}`,
          infoHash === undefined ? entry : { ...entry, infoHash },
        ]),
      );
      const entry = {
        committed: committed === null ? null : {
          service: "A",
          version: committed,
          infoHash: HASHES[0],
          sizeBytes: 1,
          torrentUrl: "http://build",
        },
        withdrawn,
      };
      const servingCount = others.filter(({ state }) => state === "serving").length;
      const rosterCount = Math.max(rosterSize, others.length + 1);
      const offer = offered === null ? null : { version: offered, infoHash: HASHES[0] };
      const census = { servingCount, rosterCount };
      fc.pre(!areVotesNeeded({ service: service(entry), offer, census }));
      // Most of a fleet serve what is committed or on offer, or what was withdrawn, whatever a few hosts may have.
      const known = [entry.committed, offer].filter((release) => release !== null);
      const isUsual = others.every((other) =>
        other.state === "down" || other.version === null || withdrawn.includes(other.version) ||
        known.some((release) => isSameRelease(release, other))
      );
      fc.pre(isUsual || 2 * servingCount <= rosterCount);
      const voted = rejoin(versions, entry, {
        rosterSize,
        control: state === null
          ? null
          : { schema: 1, state, by: "admin", reason: null, sinceMs: 0 },
      });
      const counted = decideRejoinByCount(service(entry), { servingCount, rosterCount });
      assert.deepEqual(
        [counted.version, counted.infoHash],
        [voted.version, voted.infoHash],
      );
    },
  ));
});
