/**
 * What has failed, in the record of a failure.
 *
 * @module
 */

import { z } from "zod";

/**
 * Schema of what has failed on a host. `preparation`: it could not get the release ready, has never stopped anything, and goes
 * on trying. `watch`: it has crashed or turned unwell after its switch, and still runs the release.
 */
export const failureCauseSchema = z.enum(["switch", "preparation", "watch"])
  // What a later version tells apart is a failure all the same.
  .catch("switch");
/** What has failed on a host. */
export type FailureCause = z.infer<typeof failureCauseSchema>;
