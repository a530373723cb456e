/** Trackers that `rollcall status` asks: real ones, and some that are away or lie. */

import assert from "node:assert/strict";
import { silentLog } from "../../../../base/log.ts";
import { askDistributions, type Distribution } from "../../../../cli/status/distribution.ts";
import { type Fleet } from "../../../../coordination/mod.ts";
import { createTracker, type Tracker } from "../../../../tracker/mod.ts";

/** The release that is asked for. */
export const INFO_HASH = "ab".repeat(20);

/** An announce URL at which nobody listens, with a port that `fetch` does not refuse by itself. */
export const AWAY = "http://127.0.0.1:9999/announce";

/** A real tracker on loopback. */
export async function startTracker(): Promise<Tracker & AsyncDisposable> {
  const log = silentLog;
  const tracker = await createTracker({ hostname: "127.0.0.1", log });
  return { ...tracker, [Symbol.asyncDispose]: () => tracker.close() };
}

/** Announces a peer; `left` bytes are missing. */
export async function announce(
  tracker: Tracker,
  peer: {
    readonly port: number;
    readonly host: string;
    readonly left: number;
    readonly remote?: number;
  },
): Promise<void> {
  const { port, host, left, remote = 0 } = peer;
  const hash = INFO_HASH.replace(/../g, "%$&");
  const id = String(port).padStart(40, "0").replace(/../g, "%$&");
  const place = `host=${encodeURIComponent(host)}&site=${port % 2 === 0 ? "ams" : "fra"}&rack=r1`;
  const received = `rack_bytes=0&site_bytes=0&remote_bytes=${remote}`;
  const query = `info_hash=${hash}&peer_id=${id}&port=${port}&left=${left}&event=started&compact=1`;
  const response = await fetch(`${tracker.announceUrl}?${query}&${place}&${received}`);
  await response.body?.cancel();
}

/** A server that answers in the place of a tracker, with whatever the test wants. */
export function startLiar(handler: (request: Request) => Response | Promise<Response>) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handler);
  return {
    announceUrl: `http://127.0.0.1:${server.addr.port}/announce`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A fleet with one release, whose offer names these trackers. */
export function fleetOf(...trackers: readonly string[]): Fleet {
  const release = { version: "v2", infoHash: INFO_HASH, sizeBytes: 100, trackers };
  return { services: { web: { releases: [release], hosts: [] } } } as unknown as Fleet;
}

/** What `status` learns of the release from these trackers. */
export async function ask(...trackers: readonly string[]): Promise<Distribution> {
  const [answer] = await askDistributions(fleetOf(...trackers));
  assert.ok(answer !== undefined);
  return answer;
}

/** A report as a real tracker gives it, which a test may then spoil. */
export async function goodReport(): Promise<Record<string, unknown>> {
  await using tracker = await startTracker();
  await announce(tracker, { port: 4001, host: "web-1", left: 100 });
  return await (await fetch(new URL(`/stats/${INFO_HASH}.json`, tracker.announceUrl))).json();
}
