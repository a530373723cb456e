/** What an operator's word that a host is drained, or put back, comes to; and who counts then. */

import assert from "node:assert/strict";
import {
  areaMarkers,
  areaServingPath,
  asNewcomer,
  checkBudget,
  decideAdmission,
  decideDrain,
  decideUndrain,
  type Drained,
  encodeEntry,
  servicePath,
  servingPath,
  toCensus,
  transactions,
} from "../../../rollout/mod.ts";
import { fleet, type MemoryTree, rollWaves, SERVICE } from "./memory_tree.ts";
import { current, slot } from "./views.ts";

const WORD = { by: "ann", reason: "disk swap", sinceMs: 5 };
const PLACE = { site: "north", rack: "r1" };

function drain(tree: MemoryTree, host: string, drained: Drained = WORD): void {
  const { view } = tree.read();
  const entry = view.rosterEntries.get(host);
  const node = tree.node(servicePath(SERVICE, host));
  assert.ok(entry !== undefined && node !== null && "version" in node);
  const markers = [servingPath(SERVICE, host), ...areaMarkers(SERVICE, host, PLACE)]
    .filter((path) => tree.nodes().has(path));
  const roster = { entry, znodeVersion: node.version };
  const { slotsVersion } = view;
  const change = { service: SERVICE, host, drained };
  const operations = transactions.drainHost({ roster, markers, slotsVersion }, change);
  assert.equal(tree.apply(operations, "operator"), null);
}

/** A fleet whose policy allows one host away, in the middle of a rollout. */
function rolling(...hosts: string[]): MemoryTree {
  const tree = fleet(...hosts);
  const policy = { quorum: 1, maxUnavailable: 1, maxConcurrent: 1, maxFailures: 0 };
  rollWaves(tree, "2", policy, [{ hosts: null }]);
  return tree;
}

function ask(tree: MemoryTree, host: string, isForced = false) {
  return decideDrain(tree.read().view, { host, service: SERVICE, isForced });
}

Deno.test("decideDrain: within the budget, and one more than that only by force", () => {
  const tree = rolling("web-1", "web-2", "web-3");
  assert.deepEqual(ask(tree, "web-1"), { kind: "drain", isNew: true });
  drain(tree, "web-1");
  const refused = ask(tree, "web-2");
  assert.ok(refused.kind === "refused");
  assert.match(refused.why, /budget: 1 of 1 down, web-1 is drained; .*--force/);
  assert.deepEqual(ask(tree, "web-2", true), { kind: "drain", isNew: true });
});

Deno.test("decideDrain: who is away anyway takes no capacity away by it", () => {
  const tree = rolling("web-1", "web-2", "web-3");
  tree.expire("web-1");
  tree.expire("web-2");
  assert.equal(ask(tree, "web-1").kind, "drain");
  drain(tree, "web-1");
  assert.equal(ask(tree, "web-2").kind, "drain");
  assert.equal(ask(tree, "web-3").kind, "refused");
  assert.match(
    checkBudget(toCensus(tree.read().view, "web-3"), "web-3")?.waitingFor ?? "",
    /web-1 is drained and offline, web-2 is offline/,
  );
});

Deno.test("decideDrain: not in a switch, not twice, and not who is on no roster", () => {
  const tree = rolling("web-1", "web-2");
  const { view } = tree.read();
  const switching = { ...view, slots: new Map([["web-1", slot("web-1", { to: "2" })]]) };
  const of = { host: "web-1", service: SERVICE };
  const refused = decideDrain(switching, { ...of, isForced: false });
  assert.ok(refused.kind === "refused");
  assert.match(refused.why, /web-1 is switching A to 2 \(draining\); .*--force/);
  assert.equal(decideDrain(switching, { ...of, isForced: true }).kind, "drain");
  drain(tree, "web-1");
  const again = ask(tree, "web-1", true);
  assert.ok(again.kind === "refused");
  assert.match(again.why, /drained for A already, by ann: disk swap/);
  assert.equal(ask(tree, "web-9", true).kind, "refused");
});

Deno.test("decideUndrain: only who is drained, and once; who is drained again meanwhile takes nothing away", () => {
  const tree = rolling("web-1", "web-2");
  const word = { by: "bob", reason: null, sinceMs: 9 };
  const say = () => decideUndrain(tree.read().view, { host: "web-1", service: SERVICE, word });
  assert.equal(say().kind, "refused");
  drain(tree, "web-1");
  const decision = say();
  assert.deepEqual(decision, { kind: "undrain", drained: { ...WORD, ended: word } });
  drain(tree, "web-1", { ...WORD, ended: word });
  const again = say();
  assert.ok(again.kind === "refused");
  assert.match(again.why, /being put back for A already, by bob: its agent is at it$/);
  const { view } = tree.read();
  const of = { host: "web-1", service: SERVICE, word };
  const offline = decideUndrain({ ...view, current: new Map() }, of);
  assert.match(
    offline.kind === "refused" ? offline.why : "",
    /by bob: its agent .* once it is online/,
  );
  const stranger = {
    kind: "refused",
    why: "web-9 is not on the roster of A; rollcall hosts list shows who is",
  };
  assert.deepEqual(ask(tree, "web-9"), stranger);
  assert.deepEqual(decideUndrain(view, { ...of, host: "web-9" }), stranger);
  assert.deepEqual(ask(tree, "web-1"), { kind: "drain", isNew: false });
});

Deno.test("drainHost: it is counted no longer, refuses who has decided before, and its agent's late writes", () => {
  const tree = rolling("web-1", "web-2", "web-3");
  const before = tree.count("web-2").census;
  const place = { site: "north", rack: "r1" };
  const write = { entry: current("web-1"), epoch: 0, markers: tree.markers(current("web-1")) };
  assert.equal(tree.count("web-2").census.servingCount, 3);
  drain(tree, "web-1");
  assert.equal(tree.count("web-2").census.servingCount, 2);
  assert.equal(tree.nodes().has(areaServingPath(SERVICE, place.site, "web-1")), false);
  const request = { service: SERVICE, slot: slot("web-2", { to: "2" }), wave: null, place: null };
  assert.equal(tree.apply(transactions.takeSlot(before, request)), "BAD_VERSION");
  assert.equal(tree.apply(transactions.writeHost(SERVICE, write), "web-1"), "BAD_VERSION");
  // It registers anew, and is not counted by that.
  const registration = tree.registration(current("web-1"), { epoch: 1 });
  assert.equal(registration.markers.wanted.has(servingPath(SERVICE, "web-1")), false);
});

Deno.test("decideAdmission: a drained host switches beyond the budget, before others and one at a time", () => {
  const tree = rolling("web-1", "web-2", "web-3");
  const staged = (host: string) => ({ schema: 1 as const, host, version: "2" });
  const admit = (host: string, behind: string | null, slots: [string, string][] = []) => {
    const { view } = tree.read();
    const full = {
      ...view,
      staged: ["web-1", "web-2", "web-3"].map(staged),
      slots: new Map(slots.map(([other, to]) => [other, slot(other, { to })])),
    };
    const request = {
      host,
      service: SERVICE,
      version: "2",
      catchUp: false,
      behind,
      wallTimeMs: 0,
    };
    return decideAdmission(toCensus(full, host), request);
  };
  drain(tree, "web-1");
  assert.equal(admit("web-1", "web-2").admit, true);
  const other = admit("web-2", null);
  assert.ok(!other.admit);
  assert.match(other.waitingFor, /budget: 1 of 1 down, web-1 is drained/);
  // It is counted as away once, and not once more for its slot.
  const beside = admit("web-2", null, [["web-1", "2"]]);
  assert.ok(!beside.admit);
  assert.match(beside.waitingFor, /budget: 1 of 1 down, web-1 holds the slot/);
  assert.equal(admit("web-1", null, [["web-2", "2"]]).admit, false);
});

Deno.test("registerHost: a newcomer that is drained stays one until it is put back", () => {
  const tree = rolling("web-1");
  const roster = asNewcomer({ schema: 1, ...PLACE, drained: { ...WORD, ended: WORD } });
  const path = servicePath(SERVICE, "web-1");
  const set = { op: "set", path, data: encodeEntry(roster) } as const;
  assert.equal(tree.apply([set], "operator"), null);
  const node = tree.nodes().get(path);
  assert.ok(node !== undefined);
  const standing = { version: 0, isOfSession: true };
  const registered = (isPutBack: boolean) => {
    const copy = tree.copy();
    const write = copy.registration(current("web-1"), { epoch: node.version, standing, isPutBack });
    copy.apply(transactions.registerHost(SERVICE, write), "web-1");
    return copy.read().view.rosterEntries.get("web-1");
  };
  assert.deepEqual(registered(false), roster);
  assert.deepEqual(registered(true), { schema: 1, ...PLACE });
});

Deno.test("decideDrain, decideUndrain: a word whose hook has failed may be said again", () => {
  const tree = rolling("web-1", "web-2");
  const word = { by: "bob", reason: null, sinceMs: 9 };
  drain(tree, "web-1");
  const failed = (sinceMs: number) => {
    const { view } = tree.read();
    const entry = current("web-1", { drained: { sinceMs, problem: "exit status 1" } });
    return { ...view, current: new Map([...view.current, ["web-1", entry]]) };
  };
  const of = { host: "web-1", service: SERVICE };
  assert.equal(decideDrain(failed(WORD.sinceMs), { ...of, isForced: false }).kind, "drain");
  assert.equal(decideDrain(failed(4), { ...of, isForced: false }).kind, "refused");
  drain(tree, "web-1", { ...WORD, ended: word });
  assert.equal(decideUndrain(failed(word.sinceMs), { ...of, word }).kind, "undrain");
  assert.equal(decideUndrain(failed(WORD.sinceMs), { ...of, word }).kind, "refused");
});
