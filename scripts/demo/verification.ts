/**
 * Asks every service of every host from outside which version it runs, and compares its bytes with those that were published.
 *
 * @module
 */

import type { DemoRelease } from "./releases.ts";
import { readRelease } from "./release_content.ts";
import { askVersion, createProbeClient, type Endpoint } from "./sampler.ts";

/** The answer of one service on one host. */
export interface Verdict {
  readonly endpoint: Endpoint;
  /** `null`: it did not answer. */
  readonly version: string | null;
  /** Whether its blob has the size of the release, and the bytes that were compared are equal. */
  readonly contentMatches: boolean;
}

const SAMPLE_BYTES = 16 * 1024;
const SAMPLES_COUNT = 4;
const ANSWER_TIMEOUT_MS = 10_000;

/** Asks every endpoint, and compares some ranges of each blob, the first and the last bytes among them. */
export async function verifyEndpoints(
  endpoints: readonly Endpoint[],
  releases: readonly DemoRelease[],
): Promise<Verdict[]> {
  const client = createProbeClient();
  try {
    return await Promise.all(endpoints.map(async (endpoint) => {
      const version = (await askVersion(endpoint, client))?.version ?? null;
      const release = releases.find((other) =>
        other.service === endpoint.service && other.version === version
      );
      const contentMatches = release !== undefined &&
        await answersFrom(release, endpoint, client).catch(() => false);
      return { endpoint, version, contentMatches };
    }));
  } finally {
    client.close();
  }
}

async function answersFrom(
  { files, sizeBytes }: DemoRelease,
  { port }: Endpoint,
  client: Deno.HttpClient,
): Promise<boolean> {
  for (let sample = 0; sample < SAMPLES_COUNT; sample++) {
    const lastOffset = Math.max(0, sizeBytes - SAMPLE_BYTES);
    const offset = Math.floor((lastOffset * sample) / (SAMPLES_COUNT - 1));
    const response = await fetch(
      `http://127.0.0.1:${port}/blob?offset=${offset}&length=${SAMPLE_BYTES}`,
      { client, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) },
    );
    const answered = await response.bytes();
    if (response.headers.get("x-blob-bytes") !== String(sizeBytes)) return false;
    const published = readRelease(files, { offset, length: SAMPLE_BYTES });
    if (answered.length !== published.length) return false;
    if (answered.some((byte, index) => byte !== published[index])) return false;
  }
  return true;
}
