/**
 * Makes the runs of a campaign in several threads.
 *
 * @module
 */

import { addFigures, type CampaignOptions, type Figures, noFigures } from "./campaign.ts";
import type { Said, Share } from "./worker.ts";

/** What came of a campaign. */
export interface Outcome {
  readonly figures: Figures;
  /** What was violated, by seed, in the order of the seeds. */
  readonly violations: ReadonlyMap<number, string>;
}

/** Makes the runs in that many threads. The outcome does not depend on how many there are. */
export async function runInThreads(
  { seeds, hostCount, serviceCount, kinds, skipped = [] }: Omit<CampaignOptions, "onRun">,
  jobs: number,
): Promise<Outcome> {
  const figures = noFigures();
  const violations = new Map<number, string>();
  const threads = Math.max(1, Math.min(jobs, seeds.length));
  await Promise.all(Array.from({ length: threads }, (_, job) => {
    // Each takes every n-th seed, since none knows which ones take long.
    const own = seeds.filter((_, index) => index % threads === job);
    const share: Share = { seeds: own, hostCount, serviceCount, kinds, skipped };
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    return new Promise<void>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<Said>) => {
        if (data.type === "violation") {
          violations.set(data.seed, data.message);
          return;
        }
        addFigures(figures, data.figures);
        worker.terminate();
        resolve();
      };
      worker.onerror = (event) => {
        event.preventDefault();
        worker.terminate();
        reject(new Error(event.message));
      };
      worker.postMessage(share);
    });
  }));
  return { figures, violations: new Map([...violations].sort(([a], [b]) => a - b)) };
}
