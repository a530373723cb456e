/** How large the request window becomes, on simulated links. */

import assert from "node:assert/strict";
import {
  MIN_WINDOW_BYTES,
  RequestWindow,
} from "../../../../../torrent/swarm/peer/request_window.ts";

const MIB = 1024 * 1024;

/** A link that carries so much, behind a queue; whoever waits for an answer asks for more at once. */
function drive(
  window: RequestWindow,
  { bytesPerMs, delayMs, forMs, fromMs = 0 }: {
    readonly bytesPerMs: number;
    readonly delayMs: number;
    readonly forMs: number;
    readonly fromMs?: number;
  },
): number {
  const out: { readonly sizeBytes: number; readonly arrivesMs: number }[] = [];
  let [outBytes, freeMs, arrivedBytes] = [0, fromMs, 0];
  for (let nowMs = fromMs; nowMs < fromMs + forMs; nowMs++) {
    while (out[0] !== undefined && out[0].arrivesMs <= nowMs) {
      const request = out.shift()!;
      outBytes -= request.sizeBytes;
      arrivedBytes += request.sizeBytes;
      window.onBytes(request.sizeBytes);
      window.onAnswered(request, nowMs);
    }
    while (outBytes < window.limitBytes) {
      const sizeBytes = Math.min(Math.ceil(window.limitBytes / 8), 256 * 1024);
      freeMs = Math.max(freeMs, nowMs) + sizeBytes / bytesPerMs;
      const request = { sizeBytes, arrivesMs: freeMs + delayMs };
      out.push(request);
      outBytes += sizeBytes;
      window.onRequested(request, outBytes, nowMs);
    }
  }
  return arrivedBytes / forMs;
}

Deno.test("RequestWindow: fills a fast link, up to what its distance needs", () => {
  for (const [distance, mostBytes] of [["rack", 2 * MIB], ["remote", 16 * MIB]] as const) {
    const window = new RequestWindow();
    window.distance = distance;
    drive(window, { bytesPerMs: MIB, delayMs: 0, forMs: 1000 });
    assert.equal(window.limitBytes, mostBytes);
  }
});

Deno.test("RequestWindow: fills slow links and long ones, and keeps no more out than a few tenths of a second", () => {
  for (
    const [bytesPerMs, delayMs] of [[30, 0], [250, 5], [250, 150], [2000, 1], [2000, 120]] as const
  ) {
    const window = new RequestWindow();
    window.distance = "rack";
    drive(window, { bytesPerMs, delayMs, forMs: 20_000 });
    const rate = drive(window, { bytesPerMs, delayMs, forMs: 10_000, fromMs: 20_000 });
    const about = `${bytesPerMs} bytes/ms, ${delayMs} ms: ${rate}, ${window.limitBytes}`;
    assert.ok(rate > 0.9 * bytesPerMs, about);
    assert.ok(window.limitBytes <= Math.max(500 * bytesPerMs, MIN_WINDOW_BYTES), about);
  }
});

Deno.test("RequestWindow: follows the rate down, never to nothing, and forgets the best slowly", () => {
  const window = new RequestWindow();
  window.distance = "rack";
  drive(window, { bytesPerMs: 100_000, delayMs: 0, forMs: 1000 });
  window.onTick(1);
  const best = window.bestBytesPerSecond;
  drive(window, { bytesPerMs: 1000, delayMs: 1, forMs: 60_000, fromMs: 1000 });
  for (let tick = 0; tick < 15; tick++) window.onTick(1);
  assert.ok(window.limitBytes < MIB / 2, `${window.limitBytes}`);
  assert.ok(window.bestBytesPerSecond < best && window.bestBytesPerSecond > best / 2);
  window.onStall();
  assert.equal(window.limitBytes, MIN_WINDOW_BYTES);
});

Deno.test("RequestWindow: a probe that never comes back is replaced", () => {
  const window = new RequestWindow();
  window.distance = "rack";
  window.onRequested("lost", MIB, 0);
  window.onRequested("early", MIB, 20_000);
  window.onBytes(10 * MIB);
  window.onAnswered("early", 20_001);
  const before = window.limitBytes;
  window.onRequested("next", MIB, 30_000);
  window.onBytes(10 * MIB);
  window.onAnswered("next", 30_010);
  assert.ok(window.limitBytes > before, `${before}, ${window.limitBytes}`);
});
