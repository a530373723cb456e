import assert from "node:assert/strict";
import pico from "picocolors";
import { layOutFleet } from "../../../../scripts/demo/fleet_layout.ts";
import { type FrameView, renderFrame } from "../../../../scripts/demo/frame.ts";
import type { FleetSnapshot } from "../../../../scripts/demo/snapshot.ts";
import { fleetSnapshot, preparing, switching } from "./fixtures.ts";

const PLAIN = pico.createColors(false);
const TERMINAL = { columns: 80, rows: 24 };

function view(hostsCount: number, snapshot: FleetSnapshot): FrameView {
  return {
    hosts: layOutFleet(hostsCount),
    releaseBytes: 24 * 2 ** 20,
    steps: [
      { label: "start fleet", beganMs: 0, endedMs: 3_200 },
      { label: "publish v1", beganMs: 3_200, endedMs: 4_100 },
      { label: "install v1", beganMs: 4_100, endedMs: 10_100 },
      { label: "publish v2", beganMs: 10_100, endedMs: 11_000 },
      { label: "roll out v2", beganMs: 11_000, endedMs: null },
    ],
    snapshot,
    nowMs: 14_500,
    showsHosts: true,
  };
}

const MIDDLE = fleetSnapshot(6, (host, service) => {
  if (service === "B") return preparing("fetching", 0.54);
  switch (host) {
    case "web-1":
      return { version: "v2" };
    case "web-2":
      return switching("start");
    case "web-3":
      return { ...preparing("staged"), waitingFor: "budget: 1 of 1 down, web-2 holds the slot" };
    case "web-4":
      return preparing("verifying", 1);
    case "web-5":
      return { online: false };
    default:
      return preparing("failed", 0);
  }
});

Deno.test("renderFrame shows the steps and what each host does", () => {
  assert.equal(
    renderFrame(view(6, MIDDLE), PLAIN, TERMINAL),
    [
      " Rollcall · 6 hosts · 2 sites · 4 racks · releases of 24.0 MiB              14 s",
      " ✓ start fleet 3.2 s  ✓ publish v1 900 ms  ✓ install v1 6.0 s",
      " ✓ publish v2 900 ms",
      " ▸ roll out v2   A ██░░░░░░░░ 1/6   B ░░░░░░░░░░ 0/6",
      "",
      " HOST   RACK   SERVICE    DOES",
      " web-1  s1/r1  A v2       ● current",
      "               B v1 → v2  fetching  ███░░░  54%",
      " web-2  s1/r1  A v1 → v2  ↻ start",
      "               B v1 → v2  fetching  ███░░░  54%",
      " web-3  s1/r2  A v1 → v2  ✓ staged  budget: 1 of 1 down, web-2 holds the slot",
      "               B v1 → v2  fetching  ███░░░  54%",
      " web-4  s2/r3  A v1 → v2  verifying ██████ 100%",
      "               B v1 → v2  fetching  ███░░░  54%",
      " web-5  s2/r3  A v1       ✗ offline",
      "               B v1 → v2  fetching  ███░░░  54%",
      " web-6  s2/r4  A v1 → v2  ✗ failed",
      "               B v1 → v2  fetching  ███░░░  54%",
    ].join("\n"),
  );
});

Deno.test("renderFrame fits 80 columns and 24 rows, whatever the hosts wait for and however many there are", () => {
  for (const hostsCount of [2, 6, 8, 12, 64]) {
    const snapshot = fleetSnapshot(hostsCount, () => ({
      ...preparing("staged"),
      waitingFor: "budget: 1 of 1 down, ".repeat(9),
    }));
    const lines = renderFrame(view(hostsCount, snapshot), PLAIN, TERMINAL).split("\n");
    assert.ok(lines.length < 24, `${hostsCount} hosts: ${lines.length} lines`);
    assert.ok(Math.max(...lines.map((line) => line.length)) <= 80, `${hostsCount} hosts`);
  }
});

Deno.test("renderFrame keeps those with something going on when not all hosts fit", () => {
  const snapshot = fleetSnapshot(20, (host, service) => {
    if (host === "web-19" && service === "A") return switching("bake");
    return host === "web-20" ? preparing("staged") : {};
  });
  const text = renderFrame(view(20, snapshot), PLAIN, TERMINAL);
  assert.match(text, /web-19 .*↻ bake/);
  assert.match(text, /web-20 .*✓ staged/);
  assert.match(text, /… \d+ more waiting/);
});

Deno.test("renderFrame writes no control codes without colours", () => {
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(renderFrame(view(6, MIDDLE), PLAIN, TERMINAL), /\x1b/);
});

Deno.test("renderFrame leaves the hosts out when they are of no interest", () => {
  const text = renderFrame({ ...view(6, MIDDLE), showsHosts: false }, PLAIN, TERMINAL);
  assert.doesNotMatch(text, /web-1/);
  assert.match(text, /▸ roll out v2/);
});
