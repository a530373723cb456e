/**
 * What the control node says, and what an operator's word or a failure makes of it. A person's pause and a failure's halt are
 * two things, and both may stand at once: neither takes the other's place, and each is kept with who, why and since when.
 *
 * @module
 */

import { type Control, SCHEMA_VERSION } from "./entries.ts";

/** Who says something about the whole fleet, why, and when. */
export interface ControlWord {
  /** An operator, or the host whose failure it is. */
  readonly by: string;
  readonly reason: string | null;
  /** Milliseconds since the epoch, to be shown. */
  readonly sinceMs: number;
}

/** What keeps the fleet from going on; both are `null` while control is `running`. */
export interface Stops {
  readonly halt: ControlWord | null;
  readonly pause: ControlWord | null;
}

/** What becomes of the control node by an operator's word, or why nothing does. */
export type ControlDecision =
  | { readonly kind: "change"; readonly entry: Control }
  | { readonly kind: "nothing"; readonly why: string };

/** What keeps the fleet from going on. */
export function stopsOf(control: Control | null): Stops {
  switch (control?.state) {
    case "halted":
      return { halt: control, pause: control.paused ?? null };
    case "paused":
      return { halt: null, pause: control };
    case "running":
    case undefined:
      return { halt: null, pause: null };
  }
}

/** An operator pauses. A halt stays, with its reason. Who has paused first is not replaced. */
export function pauseControl(control: Control | null, word: ControlWord): ControlDecision {
  const stops = stopsOf(control);
  if (stops.pause !== null) {
    return { kind: "nothing", why: `it is already ${describeStop("paused", stops.pause)}` };
  }
  return { kind: "change", entry: withStops(control, { ...stops, pause: word }, word) };
}

/** An operator lifts what there is, pause and halt. An entry that cannot be read (`null`) is written anew. */
export function resumeControl(control: Control | null, word: ControlWord): ControlDecision {
  if (control?.state === "running") {
    return {
      kind: "nothing",
      why: "nothing is paused or halted. A host whose switch has failed tries again with: " +
        "rollcall rollout retry HOST",
    };
  }
  return { kind: "change", entry: withStops(control, { halt: null, pause: null }, word) };
}

/** The rollout ends, and its halt with it. A pause is somebody's word to the fleet, and stays until somebody resumes. */
export function controlAfterAbort(control: Control | null, word: ControlWord): Control {
  return withStops(control, { halt: null, pause: stopsOf(control).pause }, word);
}

/** A failure halts the rollout. A pause stays. */
export function haltControl(control: Control | null, word: ControlWord): Control {
  return withStops(control, { halt: word, pause: stopsOf(control).pause }, word);
}

/** The state in words: `running`, `paused`, `halted` or `halted and paused`. */
export function describeState(control: Control | null): string {
  if (control === null) return "an entry that could not be read";
  const { halt, pause } = stopsOf(control);
  return halt !== null && pause !== null ? "halted and paused" : control.state;
}

/** The state with who and why: `halted by web-3: …, and paused by ann: lunch`. */
export function describeStops(control: Control): string {
  const { halt, pause } = stopsOf(control);
  const told = [
    ...(halt === null ? [] : [describeStop("halted", halt)]),
    ...(pause === null ? [] : [describeStop("paused", pause)]),
  ];
  return told.length === 0 ? control.state : told.join(", and ");
}

/** `paused by ann: lunch`. */
function describeStop(what: string, { by, reason }: ControlWord): string {
  return `${what} by ${by}${reason ? `: ${reason}` : ""}`;
}

/** The entry with these stops; `word` is told where nothing stops the fleet. */
function withStops(control: Control | null, { halt, pause }: Stops, word: ControlWord): Control {
  const { by, reason, sinceMs } = halt ?? pause ?? { ...word, reason: null };
  return {
    ...control,
    schema: SCHEMA_VERSION,
    state: halt !== null ? "halted" : pause !== null ? "paused" : "running",
    by,
    reason,
    sinceMs,
    paused: halt !== null && pause !== null ? { ...toWord(pause) } : undefined,
  };
}

/** Whether the control node says what an operator has said: after a lost reply, that is how it is known to be done. */
export function isSaid(control: Control | null, word: ControlWord): boolean {
  if (control === null) return false;
  const { by, sinceMs } = control.state === "running" ? control : stopsOf(control).pause ?? {};
  return by === word.by && sinceMs === word.sinceMs;
}

function toWord({ by, reason, sinceMs }: ControlWord): ControlWord {
  return { by, reason, sinceMs };
}
