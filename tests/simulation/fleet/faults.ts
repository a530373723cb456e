/** stub */
import type { RandomStream } from "./random.ts";
export type FaultKind = string;
export interface Fault {
  readonly kind: FaultKind;
  readonly atMs: number;
}
export function drawFaults(_r: RandomStream, _f: unknown): Fault[] {
  return [];
}
