/** Which parts of which files a range of the content is. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { segmentsOf } from "../../../../torrent/content/content_layout.ts";
import { withStore } from "./stored_release.ts";

Deno.test("segmentsOf: the parts of any range make up exactly that range", () =>
  withStore(({ release }) => {
    const range = fc.tuple(fc.nat(release.sizeBytes), fc.nat(release.sizeBytes))
      .map(([one, other]) => [Math.min(one, other), Math.max(one, other)] as const);
    fc.assert(fc.property(range, ([start, end]) => {
      let at = start;
      for (const segment of segmentsOf(release, start, end - start)) {
        const file = release.files[segment.fileIndex];
        assert.ok(file !== undefined && segment.sizeBytes > 0);
        assert.equal(file.offsetBytes + segment.fileOffsetBytes, at);
        assert.equal(segment.rangeOffsetBytes, at - start);
        assert.ok(segment.fileOffsetBytes + segment.sizeBytes <= file.sizeBytes);
        at += segment.sizeBytes;
      }
      assert.equal(at, end);
    }));
    assert.throws(() => segmentsOf(release, release.sizeBytes, 1), RangeError);
  }));
