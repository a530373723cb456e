/** A tracker on IPv6 knows its hosts by their IPv6 addresses, and they are reached there. */

import assert from "node:assert/strict";
import { anyAddress } from "../../../base/ip_address.ts";
import { silentLog } from "../../../base/log.ts";
import { ENGINE_NAMES, ENGINES } from "../../../torrent/mod.ts";
import { createTracker, TRACKER_SERVERS } from "../../../tracker/mod.ts";
import { locality, publishBlob } from "./fault_world.ts";

const SIZE_BYTES = 1024 * 1024;
/** Far more than it takes. */
const PATIENCE_MS = 30_000;

for (const engine of ENGINE_NAMES) {
  for (const server of TRACKER_SERVERS) {
    Deno.test({
      name: `${engine}: a release arrives by a tracker on [::1] (${server})`,
      ignore: anyAddress() !== "::",
      async fn() {
        await using tracker = Object.assign(
          await createTracker({ hostname: "::1", server, log: silentLog }),
          { [Symbol.asyncDispose]: () => tracker.close() },
        );
        const { directory, metainfo, root, target } = await publishBlob(
          SIZE_BYTES,
          tracker.announceUrl,
        );
        await using _directory = directory;
        // On every address, as in production.
        const [seeder, fetcher] = await Promise.all(
          ["build", "web-1"].map((host) =>
            ENGINES[engine]({ locality: locality(host), log: silentLog })
          ),
        );
        try {
          await seeder!.seed({ metainfo, root }).done;
          const transfer = fetcher!.fetch({ metainfo, root: target });
          const late = Promise.withResolvers<never>();
          const timer = setTimeout(
            () => late.reject(new Error(transfer.progress().obstacle ?? "nothing arrives")),
            PATIENCE_MS,
          );
          await Promise.race([transfer.done, late.promise]).finally(() => clearTimeout(timer));
          assert.equal(transfer.progress().verifiedBytes, SIZE_BYTES);
        } finally {
          await fetcher!.close();
          await seeder!.close();
        }
      },
    });
  }
}
