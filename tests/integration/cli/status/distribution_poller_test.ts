import assert from "node:assert/strict";
import { type Distribution } from "../../../../cli/status/distribution.ts";
import { DistributionPoller } from "../../../../cli/status/distribution_poller.ts";
import { fleetOf, goodReport, INFO_HASH, startLiar } from "./trackers.ts";

Deno.test("DistributionPoller: a tracker that comes and goes is seen to", async () => {
  let knows = false;
  const good = await goodReport();
  await using fickle = startLiar(() =>
    knows
      ? Response.json(good)
      : Response.json({ infoHash: INFO_HASH, problem: "" }, { status: 404 })
  );
  let changed = Promise.withResolvers<void>();
  const live = new DistributionPoller({ trackers: [], onChange: () => changed.resolve() });
  async function nextRound(): Promise<Distribution | undefined> {
    await changed.promise;
    changed = Promise.withResolvers();
    return live.latest[0];
  }
  try {
    live.follow(fleetOf(fickle.announceUrl));
    assert.match((await nextRound())?.problem ?? "", /knows no peer of it/);
    knows = true;
    assert.equal((await nextRound())?.problem, null);
    knows = false;
    const gone = await nextRound();
    // What it said before is old news.
    assert.deepEqual([gone?.report, gone?.tracker], [null, null]);
  } finally {
    await live.close();
  }
});
