import assert from "node:assert/strict";
import { announce, ask, AWAY, startTracker } from "./trackers.ts";

Deno.test("askDistributions: of several trackers the first that knows the release counts", async () => {
  await using empty = await startTracker();
  await using first = await startTracker();
  await using second = await startTracker();
  for (const tracker of [first, second]) {
    await announce(tracker, { port: 4001, host: "web-1", left: 100 });
  }
  const { tracker, problem } = await ask(
    AWAY,
    empty.announceUrl,
    first.announceUrl,
    second.announceUrl,
  );
  assert.equal(problem, null);
  assert.equal(tracker, new URL(first.announceUrl).origin);
  const none = await ask(AWAY, empty.announceUrl, "ws://127.0.0.1:1/announce");
  assert.match(
    none.problem ?? "",
    /^no report of how it spreads: tracker http:\/\/127\.0\.0\.1:9999 cannot be reached: .*refused.*; http:\/\/127\.0\.0\.1:\d+ knows no peer of it; ws:.* expected http or udp$/,
  );
  assert.doesNotMatch(none.problem ?? "", /error sending request/);
});
