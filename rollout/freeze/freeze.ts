/**
 * Whether a service is frozen: no host begins to switch then, and one that has a slot goes on. Each host goes by its own wall
 * clock, and decides by that for itself alone: clocks of two machines are not compared. Pure.
 *
 * @module
 */

import {
  dayName,
  type FreezeWindow,
  isKnownZone,
  spansAround,
  zonedTime,
} from "./freeze_window.ts";

const DAY_MS = 24 * 3_600_000;

/** How far ahead the end of a freeze is looked for, in ms: one that is longer has no end in sight. */
const AHEAD_MS = 100 * DAY_MS;

/** For how long the name of a day says which one is meant, in ms. */
const WEEK_MS = 6 * DAY_MS;

/** A freeze that holds. */
export interface Freeze {
  /** How long it still lasts, in ms; infinite if there is no end in sight. */
  readonly leftMs: number;
  /** In words for an operator: `frozen until Mon 06:00 Europe/Berlin: weekend`. */
  readonly words: string;
}

/** The end of a span, and the window that it is of. */
interface End {
  readonly endMs: number;
  readonly window: FreezeWindow;
}

/**
 * The freeze that holds at that moment; `null`: none does. Windows that follow each other without a gap are one freeze.
 *
 * @param windows The policy's; left out: there are none.
 * @param wallTimeMs What the wall clock shows of whoever asks.
 */
export function freezeAt(
  windows: readonly FreezeWindow[] | undefined,
  wallTimeMs: number,
): Freeze | null {
  if (windows === undefined) return null;
  const unknown = windows.find(({ timeZone }) => !isKnownZone(timeZone));
  if (unknown !== undefined) {
    return {
      leftMs: Infinity,
      words: "frozen: this host does not know the time zone " +
        `${JSON.stringify(unknown.timeZone)} of a freeze window`,
    };
  }
  const first = lastEnd(windows, wallTimeMs);
  if (first === null) return null;
  const reason = first.window.reason === undefined ? "" : `: ${first.window.reason}`;
  let end = first;
  for (let next: End | null = first; next !== null; next = lastEnd(windows, end.endMs)) {
    end = next;
    if (end.endMs - wallTimeMs > AHEAD_MS) {
      return { leftMs: Infinity, words: `frozen without an end in sight${reason}` };
    }
  }
  return {
    leftMs: end.endMs - wallTimeMs,
    words: `frozen until ${describeEnd(end, wallTimeMs)}${reason}`,
  };
}

/** A freeze that does not hold yet. */
export interface NextFreeze {
  /** In how many ms it begins. */
  readonly inMs: number;
  /** In words for an operator: `frozen until Mon 06:00 Europe/Berlin: weekend`. */
  readonly words: string;
}

/**
 * The next freeze that begins within so many ms; `null`: none does, or one holds already.
 *
 * @param windows The policy's; left out: there are none.
 */
export function nextFreeze(
  windows: readonly FreezeWindow[] | undefined,
  wallTimeMs: number,
  withinMs: number,
): NextFreeze | null {
  if (windows === undefined || freezeAt(windows, wallTimeMs) !== null) return null;
  const lastMs = wallTimeMs + Math.min(withinMs, AHEAD_MS);
  for (let dayMs = wallTimeMs; dayMs < lastMs + DAY_MS; dayMs += DAY_MS) {
    const begins = windows.flatMap((window) => spansAround(window, dayMs))
      .map(({ beginMs }) => beginMs).filter((beginMs) => beginMs > wallTimeMs);
    const beginMs = Math.min(...begins);
    if (beginMs > lastMs) continue;
    const words = freezeAt(windows, beginMs)?.words;
    if (words !== undefined) return { inMs: beginMs - wallTimeMs, words };
  }
  return null;
}

/** Of the windows that hold at that moment, the one that ends last; `null`: none holds. */
function lastEnd(windows: readonly FreezeWindow[], atMs: number): End | null {
  let last: End | null = null;
  for (const window of windows) {
    for (const { beginMs, endMs } of spansAround(window, atMs)) {
      const holds = beginMs <= atMs && atMs < endMs;
      if (holds && endMs > (last?.endMs ?? atMs)) last = { endMs, window };
    }
  }
  return last;
}

function describeEnd({ endMs, window: { timeZone } }: End, wallTimeMs: number): string {
  const end = zonedTime(endMs, timeZone);
  const day = endMs - wallTimeMs < WEEK_MS ? dayName(end) : end.toPlainDate().toString();
  return `${day} ${end.toPlainTime().toString({ smallestUnit: "minute" })} ${timeZone}`;
}
