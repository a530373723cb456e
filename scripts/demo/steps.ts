/**
 * The steps of a demo, and how long each of them took. Pure: the caller reads the clock.
 *
 * @module
 */

/** The names of the steps, in their order. */
export type StepLabel =
  | "start fleet"
  | "publish v1"
  | "install v1"
  | "publish v2"
  | "roll out v2"
  | "check";

/** A step that has begun. Times are of a monotonic clock. */
export interface Step {
  readonly label: StepLabel;
  readonly beganMs: number;
  /** `null` while it runs. */
  readonly endedMs: number | null;
}

/** The version that the hosts run or go to in a step; `null` before they run any. */
export function targetOf(label: StepLabel | undefined): string | null {
  switch (label) {
    case "install v1":
    case "publish v2":
      return "v1";
    case "roll out v2":
    case "check":
      return "v2";
    case "start fleet":
    case "publish v1":
    case undefined:
      return null;
  }
}

/** The milliseconds that every step took that has ended, under keys such as `installV1Ms`. */
export function timingsOf(steps: readonly Step[]): Record<string, number> {
  return Object.fromEntries(
    steps.flatMap(({ label, beganMs, endedMs }) =>
      endedMs === null ? [] : [[`${camelCase(label)}Ms`, Math.round(endedMs - beganMs)]]
    ),
  );
}

function camelCase(label: string): string {
  return label.replaceAll(/ ([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
