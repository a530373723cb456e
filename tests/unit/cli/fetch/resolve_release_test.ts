import assert from "node:assert/strict";
import { chooseRelease, withTrackers } from "../../../../cli/fetch/resolve_release.ts";
import { silentLog } from "../../../../base/log.ts";
import { createRelease, type OfferedRelease } from "../../../../torrent/mod.ts";

const HASH = "0123456789abcdef0123456789abcdef01234567";

const offered: readonly OfferedRelease[] = [["web", "v3"], ["db", "v1"], ["web", "v2"]].map((
  [service = "", version = ""],
) => ({
  service,
  version,
  infoHash: HASH,
  sizeBytes: 1,
  publishedAt: "2026-01-01T00:00:00Z",
  torrentUrl: `http://build/${service}-${version}.torrent`,
}));

Deno.test("chooseRelease: the newest of the service, or the version that was named", () => {
  const url = "http://build/feed.json";
  assert.equal(chooseRelease(offered, { url, service: "web" }).version, "v3");
  assert.equal(chooseRelease(offered, { url, service: "web", version: "v2" }).version, "v2");
  assert.equal(chooseRelease(offered.slice(0, 1), { url }).version, "v3");
  assert.throws(() => chooseRelease(offered, { url }), /name of a service .* offers web, db/);
  assert.throws(
    () => chooseRelease(offered, { url, service: "x" }),
    /release of x, it offers web, db/,
  );
  assert.throws(
    () => chooseRelease(offered, { url, service: "web", version: "v9" }),
    /version v9 of web, it offers v3, v2/,
  );
  assert.throws(() => chooseRelease([], { url }), /offers no release yet/);
});

Deno.test("withTrackers: other trackers, the same info hash", async () => {
  const release = await createRelease({
    service: "web",
    version: "v1",
    announce: ["http://old/announce"],
    log: silentLog,
  });
  const trackers = ["http://new/announce", "http://newer/announce"];
  const moved = withTrackers(release, trackers);
  assert.deepEqual(moved.announce, trackers);
  assert.equal(moved.infoHash, release.infoHash);
  assert.notDeepEqual(moved.metainfo, release.metainfo);
});
