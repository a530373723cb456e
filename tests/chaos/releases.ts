/**
 * What the build machine publishes in a run: a service that is healthy, and bytes of which half are new in each version, so
 * that a host takes the other half from the release before.
 *
 * @module
 */

import { RandomStream } from "../simulation/fleet/random.ts";
import type { PublishedRelease } from "./judge.ts";

const HALF_BYTES = 128 * 1024;

/** A release that can be published. */
export interface ReleaseFolder extends PublishedRelease {
  readonly service: string;
  readonly folder: string;
}

/** Makes the folder of a version. The same seed makes the same bytes. */
export async function makeReleaseFolder(
  folder: string,
  { service, version, seed }: {
    readonly service: string;
    readonly version: string;
    readonly seed: number;
  },
): Promise<ReleaseFolder> {
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/behaviour.json`, JSON.stringify({ kind: "healthy" }));
  const random = new RandomStream(seed);
  const bytes = new Uint8Array(2 * HALF_BYTES);
  bytes.set(random.fork("all versions").bytes(HALF_BYTES));
  bytes.set(random.fork(version).bytes(HALF_BYTES), HALF_BYTES);
  await Deno.writeFile(`${folder}/data`, bytes);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return { service, version, folder, data: digest.toHex(), atMs: Date.now() };
}
