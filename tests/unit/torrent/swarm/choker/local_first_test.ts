/** When a gateway serves its rack alone, and a seed its site. */

import assert from "node:assert/strict";
import { type LocalDemand, LocalFirst } from "../../../../../torrent/swarm/choker/local_first.ts";

const MIB = 1024 * 1024;

/** A gateway whose rack is 10 MiB behind at 1 MiB/s, and takes all that the link gives. */
const BEHIND: LocalDemand = {
  isSource: true,
  hasLocalDownloaders: true,
  missingLocallyBytes: 10 * MIB,
  pieceBytes: 64 * 1024,
  downloadBytesPerSecond: MIB,
  sentLocallyBytes: MIB,
  sentBytes: MIB,
  seconds: 1,
};

Deno.test("LocalFirst: a gateway whose rack is behind sends to it alone, until it has caught up", () => {
  const localFirst = new LocalFirst();
  assert.equal(
    localFirst.onTick({ ...BEHIND, missingLocallyBytes: 0.4 * MIB }),
    false,
    "that is on its way",
  );
  assert.equal(localFirst.onTick(BEHIND), true);
  assert.equal(
    localFirst.onTick({ ...BEHIND, missingLocallyBytes: 0.4 * MIB }),
    true,
    "not at the first sign",
  );
  assert.equal(localFirst.onTick({ ...BEHIND, missingLocallyBytes: 0.2 * MIB }), false);
});

Deno.test("LocalFirst: a host that is no gateway, or has no local downloaders, serves everybody", () => {
  assert.equal(new LocalFirst().onTick({ ...BEHIND, isSource: false }), false);
  assert.equal(new LocalFirst().onTick({ ...BEHIND, hasLocalDownloaders: false }), false);
});

Deno.test("LocalFirst: a few pieces are no backlog, however slow we are", () => {
  const slow = { ...BEHIND, downloadBytesPerSecond: 10, missingLocallyBytes: 4 * 64 * 1024 };
  assert.equal(new LocalFirst().onTick(slow), false);
  assert.equal(
    new LocalFirst().onTick({ ...slow, missingLocallyBytes: slow.missingLocallyBytes + 1 }),
    true,
  );
});

Deno.test("LocalFirst: a rack that does not use its priority keeps nobody waiting for long", () => {
  const localFirst = new LocalFirst();
  localFirst.onTick(BEHIND);
  const idle = { ...BEHIND, sentLocallyBytes: 0.05 * MIB, sentBytes: 0.05 * MIB };
  const active = Array.from({ length: 60 }, () => localFirst.onTick(idle));
  const first = active.indexOf(false);
  assert.ok(first >= 3 && first <= 6, `${first}`);
  assert.ok(active.indexOf(true, first) > first + 20, "it gets another chance later");
  assert.ok(active.lastIndexOf(true) > first, "but it does get one");
});

Deno.test("LocalFirst: one second in twenty is everybody's, or what the link can do would never show", () => {
  const localFirst = new LocalFirst();
  // One slow host takes all that it can, which is a hundredth of what the link could carry.
  const slow = { ...BEHIND, sentLocallyBytes: 0.01 * MIB, sentBytes: 0.01 * MIB };
  const active = Array.from({ length: 19 }, () => localFirst.onTick(slow));
  assert.ok(active.every((one) => one), "nothing shows that it is slow");
  assert.equal(localFirst.onTick(slow), false);
  assert.equal(localFirst.onTick({ ...slow, sentBytes: MIB }), true, "now it has shown");
  const later = Array.from({ length: 20 }, () => localFirst.onTick(slow));
  assert.ok(later.indexOf(false) <= 5, "the others need not wait for it");
  assert.ok(later.slice(6).every((one) => !one), "and are left alone for a while");
});
