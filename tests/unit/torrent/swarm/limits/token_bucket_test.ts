/** What a bucket earns, what is spent on credit, and whose turn is when. */

import assert from "node:assert/strict";
import { TokenBucket } from "../../../../../torrent/swarm/limits/token_bucket.ts";

const KIB = 1024;

Deno.test("TokenBucket: without a rate nothing waits, and nothing is owed later", () => {
  const bucket = new TokenBucket(0);
  const ticket = bucket.spend(1e12, 0);
  assert.equal(bucket.level(0), Infinity);
  assert.equal(bucket.waitMs(ticket, 0), 0);
  bucket.setRate(1000 * KIB, 0);
  assert.equal(bucket.level(0), 0, "what went without a limit is not paid for with one");
});

Deno.test("TokenBucket: turns come in the order of spending, at the rate", () => {
  const bucket = new TokenBucket(0);
  bucket.setRate(1000 * KIB, 0);
  const first = bucket.spend(500 * KIB, 0);
  const second = bucket.spend(500 * KIB, 0);
  assert.equal(bucket.waitMs(first, 0), 500);
  assert.equal(bucket.waitMs(second, 0), 1000);
  assert.equal(bucket.waitMs(first, 500), 0);
  assert.equal(bucket.waitMs(second, 500), 500);
  assert.equal(bucket.level(500), -500 * KIB);
});

Deno.test("TokenBucket: a pause earns a tenth of a second, but never less than a block", () => {
  const fast = new TokenBucket(0);
  fast.setRate(1000 * KIB, 0);
  assert.equal(fast.level(60_000), 100 * KIB);
  const slow = new TokenBucket(0);
  slow.setRate(1 * KIB, 0);
  assert.equal(slow.level(60_000), 16 * KIB);
});

Deno.test("TokenBucket: bytes that are given back move all waiters up", () => {
  const bucket = new TokenBucket(0);
  bucket.setRate(1000 * KIB, 0);
  bucket.spend(2000 * KIB, 0);
  const behind = bucket.spend(1000 * KIB, 0);
  assert.equal(bucket.waitMs(behind, 0), 3000);
  bucket.giveBack(2000 * KIB);
  assert.equal(bucket.waitMs(behind, 0), 1000);
});

Deno.test("TokenBucket: a change of rate keeps what was earned, and holds for those who wait", () => {
  const bucket = new TokenBucket(0);
  bucket.setRate(1000 * KIB, 0);
  const ticket = bucket.spend(1500 * KIB, 0);
  bucket.setRate(100 * KIB, 500);
  assert.equal(bucket.waitMs(ticket, 500), 10_000);
  bucket.setRate(Infinity, 1000);
  assert.equal(bucket.waitMs(ticket, 1000), 0);
});

Deno.test("TokenBucket: a clock that goes back earns nothing and takes nothing", () => {
  const bucket = new TokenBucket(1000);
  bucket.setRate(1000 * KIB, 1000);
  const ticket = bucket.spend(1000 * KIB, 1000);
  assert.equal(bucket.waitMs(ticket, 0), 1000);
  assert.equal(bucket.waitMs(ticket, 1500), 500);
});
