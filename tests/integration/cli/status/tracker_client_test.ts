import assert from "node:assert/strict";
import { askTracker } from "../../../../cli/status/tracker_client.ts";
import { announce, ask, goodReport, INFO_HASH, startLiar, startTracker } from "./trackers.ts";

async function problemOf(handler: (request: Request) => Response | Promise<Response>) {
  await using liar = startLiar(handler);
  const { report, problem } = await ask(liar.announceUrl);
  assert.equal(report, null);
  return problem ?? "";
}

Deno.test("askTracker: a tracker's report is taken, by HTTP also where its announce URL is of UDP", async () => {
  await using tracker = await startTracker();
  await announce(tracker, { port: 4000, host: "build", left: 0 });
  await announce(tracker, { port: 4001, host: "web-1", left: 100 });
  await announce(tracker, { port: 4001, host: "web-1", left: 40, remote: 90 });
  for (const url of [tracker.announceUrl, tracker.udpAnnounceUrl ?? ""]) {
    const { report, problem, tracker: asked } = await ask(url);
    assert.equal(problem, null);
    assert.equal(asked, `http://127.0.0.1:${tracker.port}`);
    assert.deepEqual([report?.seeds, report?.leechers], [1, 1]);
    assert.deepEqual(report?.acrossSites, { bytes: 90, leastBytes: 60, ratio: 1.5 });
    assert.deepEqual(
      report?.sites.map(({ name, copies, peers, gateways }) => [name, copies, peers, gateways]),
      [["ams", 1, 1, []], ["fra", 0, 1, ["web-1 (127.0.0.1:4001)"]]],
    );
  }
});

Deno.test("askTracker: a tracker that takes connections and never answers, or never ends its answer, is given up", async () => {
  const held = Promise.withResolvers<Response>();
  await using silent = startLiar(() => held.promise);
  await using endless = startLiar(() =>
    new Response(
      new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array([123])) }),
    )
  );
  const { problem } = await ask(silent.announceUrl, endless.announceUrl);
  held.resolve(new Response());
  assert.match(
    problem ?? "",
    /127\.0\.0\.1:\d+ does not answer within 2 s; http:\/\/127\.0\.0\.1:\d+ does not answer within 2 s$/,
  );
});

Deno.test("askTracker: an answer without end is cut off at a bound, not kept", async () => {
  const chunk = new Uint8Array(64 * 1024).fill(32);
  let sentBytes = 0;
  const problem = await problemOf(() =>
    new Response(
      new ReadableStream({
        pull(controller) {
          sentBytes += chunk.length;
          controller.enqueue(chunk);
        },
      }),
    )
  );
  assert.match(problem, /answers with more than 4194304 bytes$/);
  assert.ok(sentBytes < 64 * 1024 * 1024, `${sentBytes} bytes were taken`);
});

Deno.test("askTracker: an older tracker, a foreign one, one that sends elsewhere: one line says so", async () => {
  assert.match(
    await problemOf(() => new Response("not found", { status: 404 })),
    /has no reports of single releases: it is older than this rollcall, or not Rollcall's$/,
  );
  assert.match(
    await problemOf(() => Response.redirect("http://127.0.0.1:1/")),
    /answers with status 302: is it a tracker of Rollcall\?$/,
  );
  assert.match(await problemOf(() => new Response("<html>")), /something else than a report/);
});

Deno.test("askTracker: a report that is none is refused with the place that is wrong", async () => {
  const good = await goodReport();
  const lies: [Record<string, unknown>, RegExp][] = [
    [{ seeds: -1 }, /\(seeds: /],
    [{ progress: 7 }, /\(progress: /],
    [{ sites: [{ name: 1 }] }, /\(sites\.0\.name: /],
    [{ acrossSites: { bytes: "many" } }, /\(acrossSites\.bytes: /],
    [{ infoHash: "cd".repeat(20) }, /the report of another release/],
  ];
  for (const [lie, expected] of lies) {
    assert.match(await problemOf(() => Response.json({ ...good, ...lie })), expected);
  }
});

Deno.test("askTracker: what a peer calls itself cannot steer a terminal, nor spoil the report", async () => {
  await using tracker = await startTracker();
  await announce(tracker, { port: 4001, host: "\x1b[2J\x1b]0;owned\x07web\u202e-1\n", left: 100 });
  const answer = await askTracker(tracker.announceUrl, INFO_HASH, new AbortController().signal);
  assert.ok(answer.ok, JSON.stringify(answer));
  // deno-lint-ignore no-control-regex -- they are what must not be there
  assert.doesNotMatch(answer.report.gateways.join(""), /[\x00-\x1f\x7f-\x9f\u202e]/);
  const good = await goodReport();
  await using liar = startLiar(() =>
    Response.json({
      ...good,
      slow: [{ address: "a".repeat(10_000), bytesPerSecond: 0, why: "\x1b[31m" }],
    })
  );
  const [slow] = (await ask(liar.announceUrl)).report?.slow ?? [];
  assert.deepEqual(slow, { address: "a".repeat(200), bytesPerSecond: 0, why: "" });
});
