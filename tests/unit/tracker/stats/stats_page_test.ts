/** The page of the tracker. */

import assert from "node:assert/strict";
import { statsPage } from "../../../../tracker/stats/stats_page.ts";
import { halfWay, setUp, SIZE } from "./reported_swarms.ts";

Deno.test("statsPage: shows the release, and the names of peers become no markup", () => {
  const { announce, clock, statistics } = halfWay();
  announce("<script>alert(1)</script>", "a&b<i>/r'\"", [SIZE]);
  clock.now += 9_000;
  const page = statsPage(statistics.get(), "tracker.example.com");
  assert.match(page, /search v42/);
  assert.match(page, /1\.10×/);
  assert.match(page, /a&amp;b&lt;i&gt;/);
  assert.ok(!page.includes("<script") && !page.includes("<i>/"));
  assert.match(page, /Slow/);
});

Deno.test("statsPage: says so while nobody has announced", () => {
  assert.match(statsPage(setUp().statistics.get(), "t"), /nobody has announced/);
});
