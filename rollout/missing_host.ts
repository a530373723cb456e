/**
 * A host that is missing from the quorum of a wave, in words for an operator. Pure.
 *
 * @module
 */

import type { Current } from "./entries.ts";

/** Longest explanation of why a host cannot prepare, in characters. */
const WHY_MAX = 120;

/** A host that is missing from the quorum, and what it does about it. `entry`: `null` while it is offline. */
export function describeMissing(host: string, entry: Current | null): string {
  return `${host} (${whatItDoes(entry)})`;
}

function whatItDoes(entry: Current | null): string {
  if (entry === null) return "offline";
  const { preparation, waitingFor, state } = entry;
  switch (preparation?.phase) {
    case "fetching":
    case "verifying":
    case "pinning":
      if (preparation.pause !== undefined) return `paused: ${cut(preparation.pause)}`;
      return `${preparation.phase} ${Math.floor(preparation.progress * 100)} %` +
        (preparation.obstacle === undefined ? "" : `: ${cut(preparation.obstacle)}`);
    case "failed":
      return `cannot prepare it${waitingFor === null ? "" : `: ${cut(waitingFor)}`}`;
    default:
      return waitingFor === null ? state === "down" ? "down" : "not staged yet" : cut(waitingFor);
  }
}

function cut(text: string): string {
  return text.length <= WHY_MAX ? text : `${text.slice(0, WHY_MAX - 1)}…`;
}
