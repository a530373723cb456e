import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { renderFleet } from "../../../../cli/status/fleet_view.ts";
import type { Fleet, FleetHost } from "../../../../coordination/mod.ts";
import { fleetService, HOST } from "../fleet_host.ts";

function fleetOf(...hosts: readonly FleetHost[]): Fleet {
  return {
    control: { schema: 1, state: "running", by: "ops", reason: null, sinceMs: 0 },
    rollout: null,
    queue: [],
    services: { web: fleetService(hosts) },
    problems: [],
  };
}

function render(fleet: Fleet): string {
  return stripVTControlCharacters(renderFleet(fleet, { columns: 120, nowMs: 60_000 }));
}

Deno.test("renderFleet: says what each host runs, how far it is with the next version, and why it waits", () => {
  const text = render(fleetOf(HOST, {
    ...HOST,
    host: "web-2",
    pinnedBytes: 3 * 1024 ** 3,
    preparation: { version: "v2", phase: "fetching", progress: 0.42 },
    waitingFor: "quorum: 1 of 2 hosts staged",
  }));
  assert.match(text, /web: committed v1, 2 of 2 serving, 2 online/);
  assert.match(text, /web-2 +ams\/r1 +v1 +serving +3\.0 GiB +v2 fetching ████░░░░░░ +42%/);
  assert.match(text, /quorum: 1 of 2 hosts staged/);
});

Deno.test("renderFleet: says when a service is frozen, and for which rollout that does not hold", () => {
  const { services: { web }, ...fleet } = fleetOf(HOST);
  assert.ok(web);
  const freeze = [{ to: "00:10", timeZone: "UTC", reason: "backups" }];
  const rollout = {
    schema: 1 as const,
    id: "r-1",
    by: "ann",
    startedMs: 0,
    endedMs: null,
    state: "running" as const,
    waves: [],
    ignoresFreeze: { by: "ann", reason: "an urgent fix" },
  };
  const text = render({ ...fleet, rollout, services: { web: { ...web, freeze } } });
  assert.match(text, /online\nfrozen until Thu 00:10 UTC: backups/);
  assert.match(text, /Freeze windows do not hold for it, by ann: an urgent fix/);
  const queue = [{ service: "web", version: "v2", hosts: null, isNext: true }];
  assert.match(
    render({ ...fleet, rollout, queue, services: { web: { ...web, freeze } } }),
    /backups \(this rollout does not wait for that\)$/m,
  );
  assert.doesNotMatch(render(fleetOf(HOST)), /rozen|reeze/);
  // No rollback is held up by windows, and its own line says what it is.
  const back = { ...rollout, rollsBack: "r-0" };
  assert.doesNotMatch(render({ ...fleetOf(HOST), rollout: back }), /reeze/);
});

Deno.test("renderFleet: shows how fast a host fetches where its agent says so, in place of older news", () => {
  const fetching = { version: "v2", phase: "fetching", progress: 0.1 } as const;
  const fleet = fleetOf(
    { ...HOST, host: "web-1", preparation: fetching },
    { ...HOST, host: "web-2", preparation: fetching },
    { ...HOST, host: "web-3", preparation: { ...fetching, phase: "verifying" } },
    { ...HOST, host: "web-4", preparation: fetching },
  );
  const transfer = {
    version: "v2",
    verifiedBytes: 256 * 1024 ** 2,
    totalBytes: 1024 ** 3,
    downloadBytesPerSecond: 64 * 1024 ** 2,
    uploadBytesPerSecond: 0,
    peers: 7,
  };
  const asked: string[] = [];
  const text = stripVTControlCharacters(renderFleet(fleet, {
    columns: 120,
    nowMs: 60_000,
    transferOf(host, { service, version }) {
      asked.push(`${host} ${service} ${version}`);
      if (host === "web-2") return null;
      return host === "web-4" ? { ...transfer, downloadBytesPerSecond: 0, peers: 1 } : transfer;
    },
  }));
  assert.deepEqual(asked, ["web-1 web v2", "web-2 web v2", "web-4 web v2"]);
  assert.match(
    text,
    /web-1 .* v2 fetching ███░░░░░░░ +25% *\n +64\.0 MiB\/s from 7 peers, 12\.0 s left/,
  );
  assert.match(text, /web-2 .* v2 fetching █░░░░░░░░░ +10% *\nweb-3/);
  assert.match(text, /web-3 .* v2 verifying █░░░░░░░░░ +10% *\nweb-4/);
  assert.match(text, /web-4 .* v2 fetching ███░░░░░░░ +25% *\n +nothing arrives from 1 peer/);
});

Deno.test("renderFleet: a transfer that is paused says why, in full, until it goes on", () => {
  const paused: FleetHost = {
    ...HOST,
    preparation: {
      version: "v2",
      phase: "fetching",
      progress: 0.3,
      pause: "disk full, goes on by itself when there is room: write content: no room for " +
        "/var/lib/rollcall/web/v2.partial/a.bin (ENOSPC); make room and fetch again, what is verified is kept" +
        ", and more".repeat(9),
    },
  };
  const lines = stripVTControlCharacters(renderFleet(fleetOf(paused), {
    columns: 80,
    nowMs: 60_000,
    // Peers are there; that nothing arrives is not their fault.
    transferOf: () => ({
      version: "v2",
      verifiedBytes: 30,
      totalBytes: 100,
      downloadBytesPerSecond: 0,
      uploadBytesPerSecond: 0,
      peers: 7,
    }),
  })).split("\n");
  const text = lines.join("\n");
  assert.match(
    text,
    /v2 paused ███░░░░░░░ +30%\n +disk full, goes on by itself when there\n +is room: write content/,
  );
  assert.match(text, /…$/);
  assert.doesNotMatch(text, /nothing arrives/);
  for (const line of lines) assert.ok(line.length <= 80, line);
  const { pause: _gone, ...going } = paused.preparation ?? assert.fail();
  assert.match(render(fleetOf({ ...paused, preparation: going })), /v2 fetching ███░░░░░░░ +30%$/);
});

Deno.test("renderFleet: a transfer at which nothing arrives says why, unless its agent says that something does", () => {
  const obstacle =
    "no tracker answers since 03:12:40 UTC: announce to http://build:8000/announce: " +
    "connection refused; asked again within seconds";
  const stuck: FleetHost = {
    ...HOST,
    preparation: { version: "v2", phase: "fetching", progress: 0, obstacle },
  };
  const show = (downloadBytesPerSecond: number) =>
    stripVTControlCharacters(renderFleet(fleetOf(stuck), {
      columns: 120,
      nowMs: 60_000,
      transferOf: () => ({
        ...{ version: "v2", verifiedBytes: 0, totalBytes: 100, peers: 1 },
        ...{ downloadBytesPerSecond, uploadBytesPerSecond: 0 },
      }),
    }));
  assert.match(show(0), /v2 fetching ░░░░░░░░░░ +0%\n +no tracker answers since 03:12:40 UTC: /);
  assert.doesNotMatch(show(0), /nothing arrives from/);
  assert.doesNotMatch(show(10), /no tracker answers/);
});

Deno.test("renderFleet: says why a host waits in full, for how long, and what was restarted", () => {
  const waitingFor = "quorum: 5 of 8 hosts staged; missing web-4 (fetching 41 %), web-9 (offline)";
  const host = { ...HOST, waitingFor, waitingSinceMs: 60_000 - 125_000 };
  const fleet = fleetOf({ ...host, restarts: { crash: 2, unwell: 1 } });
  const narrow = stripVTControlCharacters(renderFleet(fleet, { columns: 80, nowMs: 60_000 }));
  for (const line of narrow.split("\n")) assert.ok(line.length <= 80, line);
  const told = narrow.replaceAll(/\n +/g, " ");
  assert.match(told, /missing web-4 \(fetching 41 %\), web-9 \(offline\), for 2 min 05 s/);
  assert.match(told, /3 restarts since its agent began \(2 crashes, 1 time unwell\)/);
  const restarts = (crash: number, unwell: number) =>
    render(fleetOf({ ...HOST, restarts: { crash, unwell } }));
  assert.match(restarts(1, 0), / 1 crash since its agent began$/);
  assert.match(restarts(0, 2), / 2 restarts since its agent began \(2 times unwell\)$/);
  const fresh = { ...HOST, waitingFor: "budget: 1 of 1 down", waitingSinceMs: 60_000 + 5_000 };
  assert.match(render(fleetOf(fresh)), /budget: 1 of 1 down$/m);
  // Since when a gate is closed, it says itself.
  const gate = "gate: waits for 1m to pass, since 1970-01-01 00:00 UTC";
  const atGate = { ...HOST, waitingFor: gate, waitingSinceMs: 0 };
  assert.match(render(fleetOf(atGate)), /since 1970-01-01 00:00 UTC$/m);
  // What all hosts wait for alike stands in the head.
  const stopped = { ...host, waitingFor: `control is halted by web-2: ${"why ".repeat(40)}` };
  assert.match(render(fleetOf(stopped)), /control is halted by .*…, for 2 min 05 s$/m);
});

const RECORD = {
  schema: 1 as const,
  id: "r-1",
  by: "ann",
  startedMs: 0,
  endedMs: null,
  state: "running" as const,
  waves: [],
};

Deno.test("renderFleet: a halt stands out with its reason and what can be done", () => {
  const reason = `web v2 failed on web-2: ${"a long story ".repeat(8)}`;
  const slot = {
    schema: 1 as const,
    host: "web-2",
    from: "v1",
    to: "v2",
    step: "failed" as const,
    sinceMs: 0,
    wave: null,
    reason: "no",
  };
  const fleet: Fleet = {
    ...fleetOf({ ...HOST, host: "web-2", slot }),
    control: { schema: 1, state: "halted", by: "web-2", reason, sinceMs: 0 },
    rollout: RECORD,
  };
  const text = stripVTControlCharacters(renderFleet(fleet, { columns: 80, nowMs: 60_000 }));
  for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
  assert.match(text, /^Rollout r-1 by ann: halted, 1 min 00 s$/m);
  assert.match(text, /^HALTED by web-2: web v2 failed on web-2: a long story /m);
  assert.match(text, /^ +what happened: rollcall rollout history r-1$/m);
  assert.match(text, /^ +try again: rollcall rollout resume$/m);
  assert.match(text, /^ +without web-2: rollcall rollout skip web-2, then resume$/m);
  assert.match(text, /^ +end it, or go back: rollcall rollout abort \| rollback$/m);
  // Who runs it already cannot be left out, nor who is.
  for (const told of [{ ...slot, to: "v1" }, { ...slot, skipped: { by: "ann", reason: null } }]) {
    const services = fleetOf({ ...HOST, host: "web-2", slot: told }).services;
    assert.doesNotMatch(render({ ...fleet, services }), /without/);
  }
});

Deno.test("renderFleet: a pause says so in place of running; one that the hosts roll back asks for nothing", () => {
  const control = { schema: 1 as const, by: "ann", reason: "lunch", sinceMs: 0 };
  const fleet = { ...fleetOf(HOST), rollout: RECORD };
  const paused = render({ ...fleet, control: { ...control, state: "paused" } });
  assert.match(
    paused,
    /: paused, 1 min.*\nPAUSED by ann: lunch\n +rollcall rollout resume/,
  );
  const queue = [{ service: "web", version: "v2", hosts: null, isNext: true }];
  const back = { ...control, state: "halted" as const, onFailure: "rollback" as const };
  assert.match(render({ ...fleet, queue, control: back }), /lunch\n +the hosts roll it back/);
});

Deno.test("renderFleet: what is old says so, and since when", () => {
  const options = { columns: 80, nowMs: 60_000 };
  const text = stripVTControlCharacters(
    renderFleet(fleetOf(HOST), { ...options, staleSinceMs: 3_600_000 }),
  );
  assert.match(text, /^! ZooKeeper does not answer; this is how it was at 01:00:00 UTC\. /);
  for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
  assert.doesNotMatch(renderFleet(fleetOf(HOST), options), /ZooKeeper/);
});

Deno.test("renderFleet: a host whose config has changed says how that is taken over", () => {
  const waitingFor = "runs otherwise than its config says (env PORT), until it is started anew";
  assert.match(
    render(fleetOf({ ...HOST, waitingFor })),
    /anew\n +one host .*: rollcall restart web$/m,
  );
});

Deno.test("renderFleet: a host that was left out is not said to have failed, and how it goes along is not cut", () => {
  const reason =
    "skipped by ann: later; it had failed: health gate: expected v2 to be healthy within 15s, " +
    "was: the process ended, exit status 3";
  const slot = {
    schema: 1 as const,
    host: "web-1",
    from: "v1",
    to: "v2",
    step: "failed" as const,
    sinceMs: 0,
    wave: null,
    reason,
    skipped: { by: "ann", reason: "later" },
  };
  const fleet = fleetOf({
    ...HOST,
    slot,
    preparation: { version: "v2", phase: "failed", progress: 1 },
    waitingFor: `v2 is not for this host: ${reason}; try it: rollcall rollout retry web-1`,
  });
  const text = stripVTControlCharacters(renderFleet(fleet, { columns: 80, nowMs: 60_000 }));
  assert.match(text, / v2 skipped$/m);
  assert.match(text.replaceAll(/\n +/g, " "), /try it: rollcall rollout retry web-1$/);
});

Deno.test("renderFleet: a host in quarantine says how that ends", () => {
  const quarantined = { reason: "started again more than 2 times within 60 s", sinceMs: 0 };
  const waitingFor = `quarantined: ${quarantined.reason}`;
  const text = render(fleetOf({ ...HOST, quarantined, waitingFor }));
  assert.match(text, /ends when that is well; at once: rollcall hosts release-quarantine web-1/);
});

Deno.test("renderFleet: an offline host that holds a slot says so, with its age and the way out", () => {
  const slot = {
    schema: 1 as const,
    host: "web-1",
    from: "v1",
    to: "v2",
    step: "baking" as const,
    sinceMs: 0,
    wave: null,
    reason: null,
  };
  const text = render(fleetOf({ ...HOST, online: false, state: "down", slot }));
  assert.match(
    text.replaceAll(/\n +/g, " "),
    /offline.*holds the slot for 1 min 00 s, at baking; dead for good\? rollcall hosts forget web-1/,
  );
});

Deno.test("renderFleet: traffic of the version on offer stands beside the least possible", () => {
  const received = { version: "v2", rackBytes: 5, siteBytes: 1024, remoteBytes: 2048 };
  const fleet = fleetOf({ ...HOST, received }, {
    ...HOST,
    host: "web-2",
    site: "fra",
    received: { ...received, version: "v1" },
  });
  const web = fleet.services["web"];
  assert.ok(web !== undefined);
  const offered = { ...web, offer: "v2", sizeBytes: 1024 };
  const text = render({ ...fleet, services: { web: offered } });
  assert.match(
    text,
    /v2 moved 2\.0 KiB across sites \(at least 1\.0 KiB\), 3\.0 KiB across racks \(at least 1\.0 KiB\)/,
  );
  const origin = { site: "ams", rack: "build" };
  assert.match(
    render({ ...fleet, services: { web: { ...offered, origin } } }),
    /across sites \(at least 1\.0 KiB\), 3\.0 KiB across racks \(at least 2\.0 KiB\)/,
  );
});

Deno.test("renderFleet: what was reused of yesterday's release is told for each host and in all", () => {
  const received = {
    version: "v2",
    rackBytes: 0,
    siteBytes: 0,
    remoteBytes: 5,
    reusedBytes: 3 * 1024 ** 2,
  };
  const preparation = { version: "v2", phase: "staged", progress: 1 } as const;
  const fleet = fleetOf(
    { ...HOST, received, version: "v2" },
    { ...HOST, host: "web-2", received, preparation },
    { ...HOST, host: "web-3", received, preparation: { ...preparation, phase: "fetching" } },
    // Of a release before: nobody's business any more.
    { ...HOST, host: "web-4", received: { ...received, version: "v0" } },
    { ...HOST, host: "web-5", received: { ...received, reusedBytes: 0 }, preparation },
  );
  const [web] = Object.values(fleet.services);
  assert.ok(web !== undefined);
  const text = render({ ...fleet, services: { web: { ...web, offer: "v2", sizeBytes: 9 } } });
  assert.match(text, /^9\.0 MiB of v2 reused from the hosts' own disks$/m);
  assert.match(text, /^web-1 .* v2: 3\.0 MiB reused$/m);
  assert.match(text, /^web-2 .* v2 staged, 3\.0 MiB reused$/m);
  assert.match(text, /^web-3 .* v2 fetching █{10} +100%\n +3\.0 MiB reused$/m);
  assert.match(text, /^web-4 .* - *$/m);
  assert.match(text, /^web-5 .* v2 staged$/m);
  assert.equal(text.match(/reused/g)?.length, 4);
});

Deno.test("renderFleet: an empty tree tells what to do", () => {
  assert.match(render({ ...fleetOf(), services: {} }), /No host is known yet\. Start an agent/);
});

Deno.test("renderFleet: who is drained does not count as serving, and says by whom, since when and why", () => {
  const drained = { by: "ann", reason: "disk swap", sinceMs: 0 };
  const text = render(
    fleetOf(
      HOST,
      { ...HOST, host: "web-2", drained, drainDone: { sinceMs: 0 } },
      { ...HOST, host: "web-3", drained, state: "down" },
    ),
  );
  assert.match(text, /web: committed v1, 1 of 3 serving, 2 drained, 3 online/);
  assert.match(text, /web-2 +ams\/r1 +v1 +drained +- +drained by ann 1 min 00 s ago: disk swap/);
  assert.match(text, /web-3 +ams\/r1 +v1 +down .*drained by ann .*; its drain hook has still/);
});
