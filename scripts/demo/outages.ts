/**
 * Computes from repeated probes of a service when it was certainly down, and how many hosts were certainly down at once.
 * Pure.
 *
 * A failed probe shows only that the service was down at some moment between the probe's start and its end. So an outage is
 * certain from the end of the first failed probe to the start of the last one, or to the moment at which the new process
 * says it began to listen. On a busy machine certain outages become shorter, never longer, so that an overlap of two is
 * never a false alarm.
 *
 * @module
 */

/** One probe of a service. Times are in milliseconds since 1970. */
export interface Probe {
  readonly startMs: number;
  readonly endMs: number;
  /** `null`: it did not answer. */
  readonly answer: { readonly version: string; readonly sinceMs: number } | null;
}

/** A time in which the service was certainly down: from `fromMs` up to, not including, `untilMs`. */
export interface Outage {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** The probes of one service on one host, in the order in which they were made, and what follows from them. */
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
      // No process starts within a millisecond, so that a restart between two probes is an outage as well.
      const fromMs = Math.min(this.#failing?.fromMs ?? Infinity, sinceMs - 1);
      this.#outages.push({ fromMs, untilMs: Math.max(sinceMs, this.#failing?.lastStartMs ?? 0) });
    } else if (this.#failing !== null) {
      this.#close(this.#failing);
    }
    this.#failing = null;
    this.#last = answer;
    if (!this.#firstSinceMs.has(version)) this.#firstSinceMs.set(version, sinceMs);
  }

  /** The number of probes. */
  get probesCount(): number {
    return this.#probesCount;
  }

  /** The answer to the last probe; `null` while the service does not answer. */
  get answer(): { readonly version: string; readonly sinceMs: number } | null {
    return this.#failing === null ? this.#last : null;
  }

  /** When the first process of this version began to listen; `null` when none was seen. */
  firstSinceMs(version: string): number | null {
    return this.#firstSinceMs.get(version) ?? null;
  }

  /** The certain outages so far, including one that has not ended. */
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
  // Of two changes at the same moment the end comes first: one host may go down when another comes up.
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
