/** The sections of groups: after any history everybody is where it belongs, in each of its groups. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { BucketRange, type MemberIndex } from "../../../../tracker/members/member_index.ts";
import { Member, Members, Rank } from "../../../../tracker/members/members.ts";

const SIZE = 1000;
const MAX_HELPED = 2;

const PARTS: Readonly<Record<keyof typeof BucketRange, (member: Member) => boolean>> = {
  Seeds: ({ rank }) => rank === Rank.Seed,
  FreeSeeds: (member) => member.rank === Rank.Seed && isFree(member),
  Holders: ({ rank }) => rank === Rank.Holder,
  KnownHolders: ({ rank, claimsCopy }) => rank === Rank.Holder && !claimsCopy,
  FreeHolders: (member) => member.rank === Rank.Holder && !member.claimsCopy && isFree(member),
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
    kind: fc.constantFrom("leave" as const, "silent" as const, "back" as const),
    who: fc.nat(20),
  }),
  fc.record({
    kind: fc.constant("stand" as const),
    who: fc.nat(20),
    leftBytes: fc.constantFrom(0, SIZE / 2, SIZE),
    claims: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("help" as const),
    who: fc.nat(20),
    by: fc.uniqueArray(fc.nat(20), { maxLength: 4 }),
  }),
);

Deno.test("Group: after any history each part of each group holds exactly those that it should", () => {
  fc.assert(
    fc.property(fc.array(eventArbitrary, { maxLength: 80 }), (events) => {
      const members = new Members({ maxHelped: MAX_HELPED });
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
          case "silent":
          case "back":
            members.setApart(member, event.kind === "silent");
            break;
          case "stand": {
            const { claims, leftBytes } = event;
            const claimsCopy = claims && leftBytes === 0;
            members.setStanding(member, {
              leftBytes: claimsCopy ? Infinity : leftBytes,
              claimsCopy,
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
    place: at === undefined ? undefined : { site, rack },
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
  const sites = [...fleet.parts.values()];
  const racks = sites.flatMap((site) => [...site.parts.values()]);
  checkGroup(fleet, there);
  checkGroup(members.strangers, there.filter(({ place }) => place === undefined));
  for (const site of sites) checkGroup(site, there.filter((one) => one.site === site));
  for (const rack of racks) checkGroup(rack, there.filter((one) => one.rack === rack));
}

function checkGroup(group: MemberIndex, expected: readonly Member[]): void {
  const sorted = (list: readonly Member[]) => list.map(({ key }) => key).sort();
  assert.deepEqual(sorted(group.list), sorted(expected));
  for (const [slot, member] of group.list.entries()) {
    assert.equal(member.slots[group.level], slot);
  }
  assert.equal(group.seeds, expected.filter(({ rank }) => rank === Rank.Seed).length);
  for (const [name, belongs] of Object.entries(PARTS)) {
    const part = BucketRange[name as keyof typeof BucketRange];
    const found = group.list.slice(group.begin(part), group.end(part));
    const due = expected.filter((member) => !member.isApart && belongs(member));
    assert.deepEqual(sorted(found), sorted(due), `${name} of level ${group.level}`);
    assert.equal(group.count(part), due.length);
  }
}
