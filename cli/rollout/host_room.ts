/**
 * Asks the agents of hosts whether they have room for a release beside what they have. That changes all the time and nobody decides
 * by it, so it is not in ZooKeeper. What an agent does not say is not known.
 *
 * @module
 */

import { z } from "zod";
import type { FleetHost } from "../../coordination/mod.ts";
import { isSameRelease, type Release } from "../../rollout/mod.ts";
import { fetchBounded, parseJson } from "../shared/bounded_fetch.ts";
import type { Room } from "./plan_view.ts";

/** Requests that are under way at once. */
const CONCURRENT_MAX = 32;

/** Most hosts that are asked: more take minutes if none of them answers, and what is known of these is what is worth looking at. */
const HOSTS_MAX = 1_000;

/** How long an agent may take: an operator waits. */
const ROOM_TIMEOUT_MS = 2_000;

/** The largest answer that is read, in bytes: a sentence. */
const MAX_ANSWER_BYTES = 16_384;

const answerSchema = z.union([
  z.object({ ok: z.literal(true) }),
  z.object({ ok: z.literal(false), reason: z.string() }),
]);

/** Asks those hosts that are online and do not run the release. */
export async function askRoom(release: Release, hosts: readonly FleetHost[]): Promise<Room> {
  const lacking: { host: string; reason: string }[] = [];
  const unknown: string[] = [];
  const asked = hosts.filter((host) => host.online && !isSameRelease(host, release));
  const waiting = asked.slice(0, HOSTS_MAX);
  unknown.push(...asked.slice(HOSTS_MAX).map(({ host }) => host));
  async function askNext(): Promise<void> {
    for (let host = waiting.shift(); host !== undefined; host = waiting.shift()) {
      const answer = await askOne(release, host.endpoint);
      if (answer === null) unknown.push(host.host);
      else if (!answer.ok) lacking.push({ host: host.host, reason: answer.reason });
    }
  }
  await Promise.all(Array.from({ length: CONCURRENT_MAX }, askNext));
  return {
    lacking: lacking.toSorted((a, b) => a.host < b.host ? -1 : 1),
    unknown: unknown.toSorted(),
  };
}

async function askOne(
  { service, version, sizeBytes }: Release,
  endpoint: string | null,
): Promise<z.output<typeof answerSchema> | null> {
  if (endpoint === null) return null;
  try {
    const url = new URL(`/room/${encodeURIComponent(service)}`, endpoint);
    url.search = String(new URLSearchParams({ version, bytes: String(sizeBytes) }));
    const { status, text } = await fetchBounded(url, {
      expected: "an agent of Rollcall",
      maxBytes: MAX_ANSWER_BYTES,
      timeoutMs: ROOM_TIMEOUT_MS,
    });
    return status === 200 ? answerSchema.safeParse(parseJson(text)).data ?? null : null;
  } catch {
    // Out of reach, of an earlier version, or somebody else's: each of them is an answer that is not there.
    return null;
  }
}
