/** A duty survives being written and read; whatever else comes over the network is refused. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { formatDuty, parseDuty, parseStripes, STRIPE_COUNT } from "../../../base/stripes.ts";

const stripes = fc.uniqueArray(fc.nat(STRIPE_COUNT - 1));

Deno.test("formatDuty, parseDuty: there and back", () => {
  fc.assert(fc.property(stripes, stripes, fc.boolean(), (rack, site, sparesSeeds) => {
    const duty = { rack, site, sparesSeeds };
    assert.deepEqual(parseDuty(formatDuty(duty)), duty);
  }));
  assert.equal(formatDuty({ rack: [0, 5, 9], site: [5], sparesSeeds: true }), "0,5,9:5:1");
});

Deno.test("parseDuty, parseStripes: nonsense is refused", () => {
  for (const text of ["", "1", "1:2", "1:2:2", "1:2:1:0", "16::1", "-1::1", "1.5::0", "1,1::0"]) {
    assert.equal(parseDuty(text), undefined, text);
  }
  for (const text of [",", "1,", "x", " 1", "16", Array(100).fill("1").join()]) {
    assert.equal(parseStripes(text), undefined, text);
  }
  assert.deepEqual(parseStripes(""), []);
  fc.assert(fc.property(fc.string(), (text) => {
    for (const stripe of parseStripes(text) ?? []) assert.ok(stripe < STRIPE_COUNT);
    parseDuty(text);
  }));
});
