/**
 * What follows from asking a service again and again: when it certainly did not answer, and how many hosts were certainly
 * down at once. Pure.
 *
 * A probe that fails shows that the service was away at some moment between the probe's start and its end, no more. So an
 * outage is certain only from the end of the first failed probe to the start of the last one, and to the moment that the
 * new process itself says it began to listen. A busy machine makes certain outages shorter, never longer, so an overlap
 * of two is never a false alarm.
 *
 * @module
 */

/** A service was asked once. Times in milliseconds since 1970. */
export interface Probe {
  readonly startMs: number;
  readonly endMs: number;
  /** `null`: it did not answer. */
  readonly answer: { readonly version: string; readonly sinceMs: number } | null;
}

/** The service was certainly away from one moment up to, not including, the other. */
export interface Outage {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What is known about one service on one host from its probes, in the order in which they were made. */
export class ProbeLog {
  readonly #outages: Outage[] = [];
  readonly #firstSinceMs = new Map<string, number>();
  #failing: { fromMs: number; lastStartMs: number } | null = null;
  #last: { readonly version: string; readonly sinceMs: number } | null = null;
  #probesCount = 0;

  /** Takes the next probe. */
  add({ startMs, endMs, answer }: Probe): void {
    this.#probesCount++;
    if (answer === null) {
      if (this.#failing === null) this.#failing = { fromMs: endMs, lastStartMs: startMs };
      else this.#failing.lastStartMs = startMs;
      return;
    }
    const { version, sinceMs } = answer;
    const wasRestarted = this.#last !== null && this.#last.sinceMs !== sinceMs;
    if (wasRestarted) {
      // No process starts within a millisecond: also a restart between two probes is an outage.
      const fromMs = Math.min(this.#failing?.fromMs ?? Infinity, sinceMs - 1);
      this.#outages.push({ fromMs, untilMs: Math.max(sinceMs, this.#failing?.lastStartMs ?? 0) });
    } else if (this.#failing !== null) {
      this.#close(this.#failing);
    }
    this.#failing = null;
    this.#last = answer;
    if (!this.#firstSinceMs.has(version)) this.#firstSinceMs.set(version, sinceMs);
  }

  /** How often the service was asked. */
  get probesCount(): number {
    return this.#probesCount;
  }

  /** The answer to the last probe; `null` while the service is away. */
  get answer(): { readonly version: string; readonly sinceMs: number } | null {
    return this.#failing === null ? this.#last : null;
  }

  /** Since when the first process with this version listened; `null` when none was seen. */
  firstSinceMs(version: string): number | null {
    return this.#firstSinceMs.get(version) ?? null;
  }

  /** The certain outages so far, one that still goes on included. */
  outages(): Outage[] {
    const { fromMs, lastStartMs } = this.#failing ?? { fromMs: 0, lastStartMs: 0 };
    return lastStartMs > fromMs
      ? [...this.#outages, { fromMs, untilMs: lastStartMs }]
      : [...this.#outages];
  }

  #close({ fromMs, lastStartMs }: { fromMs: number; lastStartMs: number }): void {
    if (lastStartMs > fromMs) this.#outages.push({ fromMs, untilMs: lastStartMs });
  }
}

/** The most outages that overlap at any moment. */
export function mostAtOnce(outages: readonly Outage[]): number {
  const steps = outages.flatMap(({ fromMs, untilMs }) => [
    { atMs: fromMs, change: 1 },
    { atMs: untilMs, change: -1 },
  ]);
  // At the same moment the end comes first: one host may go down when another comes up.
  steps.sort((one, other) => one.atMs - other.atMs || one.change - other.change);
  let downCount = 0;
  let mostCount = 0;
  for (const { change } of steps) {
    downCount += change;
    mostCount = Math.max(mostCount, downCount);
  }
  return mostCount;
}

/** The longest outage in milliseconds; 0 without any. */
export function longestOutageMs(outages: readonly Outage[]): number {
  return outages.reduce((most, { fromMs, untilMs }) => Math.max(most, untilMs - fromMs), 0);
}
