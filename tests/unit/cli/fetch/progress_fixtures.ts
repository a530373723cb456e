/** A transfer under way, as the tests of its displays show it. */

import { type ProgressView } from "../../../../cli/fetch/progress_view.ts";
import type { TransferProgress } from "../../../../torrent/mod.ts";

export const MIB = 1024 * 1024;

/** A quarter is verified. */
export const progress: TransferProgress = {
  verifiedBytes: 50 * MIB,
  totalBytes: 200 * MIB,
  downloadBytesPerSecond: 10 * MIB,
  uploadBytesPerSecond: 3 * MIB,
  peers: 6,
  peersByDistance: { rack: 3, site: 2, remote: 1 },
  received: { rackBytes: 30 * MIB, siteBytes: 15 * MIB, remoteBytes: 5 * MIB, resumedBytes: 0 },
  sent: { rackBytes: 100 * MIB, siteBytes: 0, remoteBytes: 0 },
};

/** The view of it. */
export const view: ProgressView = {
  name: "web v2",
  fileCount: 3,
  root: "web-v2",
  phase: "fetching",
  progress,
  checkedBytes: 0,
  reusedBytes: 0,
  phaseMs: 5_000,
  obstacle: undefined,
  seedGoal: undefined,
};
