/**
 * When a keeper that was killed is started again, and when that is given up. Pure.
 *
 * A keeper may be killed by chance. One that is killed again and again is so because of what it does: each new one takes the
 * same memory from the same neighbours, until the kernel ends one of them, and the next time that may be the service.
 *
 * @module
 */

/** So many deaths within {@linkcode DEATHS_WINDOW_MS} are no chance any more. */
export const DEATHS_MAX = 3;

/** After an hour without it, whoever has made room needs not tell anybody, and who has not loses a keeper three times an hour. */
export const DEATHS_WINDOW_MS = 3_600_000;

/** How the keepers of one version have died lately. */
export interface KeeperDeaths {
  /** When, on the monotonic clock, oldest first; {@linkcode DEATHS_MAX} at most. */
  readonly timesMs: readonly number[];
  /** Why the last one has. */
  readonly reason: string;
}

/** Notes a death. */
export function noteDeath(
  earlier: KeeperDeaths | undefined,
  { reason, nowMs }: { readonly reason: string; readonly nowMs: number },
): KeeperDeaths {
  const timesMs = [...earlier?.timesMs ?? [], nowMs].slice(-DEATHS_MAX);
  return { timesMs, reason };
}

/** How long no keeper is started any more, in ms; 0: one may be started now. */
export function restPauseMs(deaths: KeeperDeaths | undefined, nowMs: number): number {
  const [oldestMs] = deaths?.timesMs ?? [];
  if (oldestMs === undefined || (deaths?.timesMs.length ?? 0) < DEATHS_MAX) return 0;
  return Math.max(0, oldestMs + DEATHS_WINDOW_MS - nowMs);
}

/** Whether the last death is so long ago that none of them counts any more. */
export function isForgotten({ timesMs }: KeeperDeaths, nowMs: number): boolean {
  return nowMs >= (timesMs.at(-1) ?? 0) + DEATHS_WINDOW_MS;
}
