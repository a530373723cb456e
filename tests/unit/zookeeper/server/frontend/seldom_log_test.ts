import assert from "node:assert/strict";
import { silentLog } from "../../../../../zookeeper/log.ts";
import { SeldomLog } from "../../../../../zookeeper/server/frontend/seldom_log.ts";

Deno.test("SeldomLog: each message once a minute, with how often it would have been there", () => {
  const lines: unknown[] = [];
  let nowMs = 0;
  const clock = { nowMs: () => nowMs, wallTimeMs: () => 0, after: () => () => {}, nextTurn() {} };
  const log = { ...silentLog, warn: (...line: unknown[]) => lines.push(line) };
  const seldom = new SeldomLog(log, clock);
  for (; nowMs < 60_000; nowMs += 10) seldom.warn("refused", { client: nowMs });
  seldom.warn("garbage", { client: 1 });
  seldom.warn("refused", { client: 2 });
  nowMs += 60_000;
  seldom.warn("refused", { client: 3 });
  assert.deepEqual(lines, [
    ["refused", { client: 0 }],
    ["garbage", { client: 1 }],
    ["refused", { client: 2, timesSinceTheLastLine: 6_000 }],
    ["refused", { client: 3 }],
  ]);
});
