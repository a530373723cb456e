/** The buckets of groups: after any history each member stands where it belongs, in each of its groups. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { type Group, Member, Rank } from "../../../../tracker/members/member.ts";
import { BucketRange } from "../../../../tracker/members/member_index.ts";
import { Members } from "../../../../tracker/members/members.ts";

const SIZE = 1000;
const MAX_HELPED = 2;

const RANGES: Readonly<Record<keyof typeof BucketRange, (member: Member) => boolean>> = {
  ConfirmedSeeds: ({ rank, isConfirmed }) => rank === Rank.Seed && isConfirmed,
  UnconfirmedSeeds: ({ rank, isConfirmed }) => rank === Rank.Seed && !isConfirmed,
  FreeSeeds: (member) => member.rank === Rank.Seed && member.isConfirmed && isFree(member),
  Holders: ({ rank }) => rank === Rank.Holder,
  KnownHolders: ({ rank, isUnverifiedSeed }) => rank === Rank.Holder && !isUnverifiedSeed,
  FreeHolders: (member) =>
    member.rank === Rank.Holder && !member.isUnverifiedSeed && isFree(member),
  FreeEmpty: (member) => member.rank === Rank.Empty && isFree(member),
  Leechers: ({ rank }) => rank !== Rank.Seed,
  WithData: ({ rank }) => rank !== Rank.Empty,
  All: () => true,
};

function isFree({ helped }: Member): boolean {
  return helped < MAX_HELPED;
}

const eventArbitrary = fc.oneof(
  fc.record({
    kind: fc.constant("join" as const),
    at: fc.option(fc.constantFrom("n/a", "n/b", "s/a"), { nil: undefined }),
    leftBytes: fc.constantFrom(0, SIZE, Infinity),
  }),
  fc.record({
    kind: fc.constantFrom(
      "leave" as const,
      "time out" as const,
      "back" as const,
      "confirm" as const,
    ),
    who: fc.nat(20),
  }),
  fc.record({
    kind: fc.constant("progress" as const),
    who: fc.nat(20),
    leftBytes: fc.constantFrom(0, SIZE / 2, SIZE),
    unverified: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("help" as const),
    who: fc.nat(20),
    by: fc.uniqueArray(fc.nat(20), { maxLength: 4 }),
  }),
);

Deno.test("MemberIndex: after any history each range of each group holds exactly those that it should", () => {
  fc.assert(
    fc.property(fc.array(eventArbitrary, { maxLength: 80 }), (events) => {
      const members = new Members({ maxHelped: MAX_HELPED });
      members.expectConfirmation();
      const there: Member[] = [];
      for (const [index, event] of events.entries()) {
        if (event.kind === "join") {
          const member = arrive(index, event);
          members.add(member);
          there.push(member);
          continue;
        }
        const member = there[event.who % Math.max(1, there.length)];
        if (member === undefined) continue;
        switch (event.kind) {
          case "leave":
            members.remove(member);
            there.splice(there.indexOf(member), 1);
            break;
          case "confirm":
            members.confirm(member);
            break;
          case "time out":
          case "back":
            members.setTimedOut(member, event.kind === "time out");
            break;
          case "progress": {
            const { unverified, leftBytes } = event;
            const isUnverifiedSeed = unverified && leftBytes === 0;
            members.setProgress(member, {
              leftBytes: isUnverifiedSeed ? Infinity : leftBytes,
              isUnverifiedSeed,
            });
            break;
          }
          case "help": {
            const helpers = new Set(event.by.map((who) => there[who % there.length]));
            members.setHelpers(
              member,
              [...helpers].filter((one) => one !== undefined && one !== member) as Member[],
            );
            break;
          }
        }
        check(members, there);
      }
    }),
    { numRuns: 300 },
  );
});

function arrive(
  index: number,
  { at, leftBytes }: { at: string | undefined; leftBytes: number },
): Member {
  const [site = "", rack = ""] = at?.split("/") ?? [];
  const ip = `10.0.0.${index}`;
  return new Member({
    key: `${ip}:1`,
    ip,
    port: 1,
    peerId: "-".repeat(20),
    host: undefined,
    location: at === undefined ? undefined : { site, rack },
    leftBytes,
    nowMs: 0,
    intervalMs: 3000,
  });
}

function check(members: Members, there: readonly Member[]): void {
  const helped = new Map<Member, number>();
  for (const helper of there.flatMap((member) => member.helpers)) {
    helped.set(helper, (helped.get(helper) ?? 0) + 1);
  }
  for (const member of there) assert.equal(member.helped, helped.get(member) ?? 0);
  const { fleet } = members;
  const sites = [...fleet.children.values()];
  const racks = sites.flatMap((site) => [...site.children.values()]);
  checkGroup(fleet, there);
  checkGroup(members.unlocated, there.filter(({ location }) => location === undefined));
  for (const site of sites) checkGroup(site, there.filter((one) => one.site === site));
  for (const rack of racks) checkGroup(rack, there.filter((one) => one.rack === rack));
}

function checkGroup(group: Group, expected: readonly Member[]): void {
  const sorted = (list: readonly Member[]) => list.map(({ key }) => key).sort();
  assert.deepEqual(sorted(group.list), sorted(expected));
  for (const [slot, member] of group.list.entries()) {
    assert.equal(member.slots[group.level], slot);
  }
  assert.equal(group.seeds, expected.filter(({ rank }) => rank === Rank.Seed).length);
  for (const [name, belongs] of Object.entries(RANGES)) {
    const range = BucketRange[name as keyof typeof BucketRange];
    const found = group.list.slice(group.begin(range), group.end(range));
    const due = expected.filter((member) => !member.hasTimedOut && belongs(member));
    assert.deepEqual(sorted(found), sorted(due), `${name} of level ${group.level}`);
    assert.equal(group.count(range), due.length);
  }
}

Deno.test("Members: seeds that were believed have to be confirmed once somebody tells whom bytes come from", () => {
  const members = new Members({ maxHelped: MAX_HELPED });
  const [first, second] = [0, 1].map((index) => arrive(index, { at: "n/a", leftBytes: 0 }));
  for (const member of [first!, second!]) members.add(member);
  const counts = () => [
    members.fleet.count(BucketRange.ConfirmedSeeds),
    members.fleet.count(BucketRange.UnconfirmedSeeds),
    members.fleet.seeds,
  ];
  assert.deepEqual(counts(), [2, 0, 2]);
  members.expectConfirmation();
  assert.deepEqual(counts(), [0, 2, 2]);
  members.confirm(second!);
  assert.deepEqual(counts(), [1, 1, 2]);
});
