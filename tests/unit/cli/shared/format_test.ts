import assert from "node:assert/strict";
import {
  cut,
  formatBytes,
  formatCount,
  formatRate,
  formatTimeSpan,
  layOut,
  renderBar,
  wrapLines,
  wrapWords,
} from "../../../../cli/shared/format.ts";

Deno.test("layOut: what does not fit begins a new line, what never fits is cut", () => {
  const options = { columns: 10, indent: 2, gap: " " };
  assert.deepEqual(layOut(["abcd", "efghi", "jk", "lmnopqrstuv"], options), [
    "abcd efghi",
    "  jk",
    "  lmnopqr…",
  ]);
  assert.deepEqual(layOut([], options), []);
});

Deno.test("formatBytes: never more than ten characters below a pebibyte", () => {
  assert.equal(formatBytes(0), "0 B");
  assert.equal(formatBytes(1023), "1023 B");
  assert.equal(formatBytes(24 * 2 ** 20), "24.0 MiB");
  assert.equal(formatBytes(240 * 2 ** 20), "240 MiB");
  assert.equal(formatBytes(2 ** 20 - 1), "1.0 MiB");
  for (let exponent = 0; exponent < 50; exponent++) {
    for (const near of [-1, 0, 1]) assert.ok(formatBytes(2 ** exponent + near).length <= 10);
  }
});

Deno.test("formatRate: bytes a second, never below zero", () => {
  assert.equal(formatRate(48.3 * 2 ** 20), "48.3 MiB/s");
  assert.equal(formatRate(-1), "0 B/s");
});

Deno.test("formatTimeSpan: the unit changes with the length", () => {
  assert.deepEqual(
    [0, 850, 999, 999.6, 12_345, 59_960, 125_000, 245_000, 7_800_000].map(formatTimeSpan),
    [
      "0 ms",
      "850 ms",
      "999 ms",
      "1.0 s",
      "12.3 s",
      "1 min 00 s",
      "2 min 05 s",
      "4 min 05 s",
      "2 h 10 min",
    ],
  );
});

Deno.test("formatCount: one is one, and everything else is many", () => {
  assert.deepEqual([0, 1, 2].map((count) => formatCount(count, "peer")), [
    "0 peers",
    "1 peer",
    "2 peers",
  ]);
});

Deno.test("renderBar: as many cells as asked for, at any share", () => {
  assert.equal(renderBar(-1, 10), "░░░░░░░░░░");
  assert.equal(renderBar(0.42, 10), "████░░░░░░");
  assert.equal(renderBar(7, 10), "██████████");
});

Deno.test("cut: what is cut off ends in an ellipsis", () => {
  assert.deepEqual(["abc", "abcd"].map((text) => cut(text, 3)), ["abc", "ab…"]);
});

Deno.test("wrapWords: what does not fit into the lines is cut", () => {
  assert.deepEqual(wrapWords("one two three four", { columns: 9, maxLines: 2 }), [
    "one two",
    "  three …",
  ]);
});

Deno.test("wrapLines: no line is cut inside a word, and nothing of a word that does not fit is lost", () => {
  const path = "/a/path/that/fits/nowhere";
  assert.equal(
    wrapLines(`rollcall: no room here\n  read ${path}: gone\n  one two three four\n`, 18),
    `rollcall: no room\n  here\n  read ${path}: gone\n  one two three\n    four\n`,
  );
  assert.equal(wrapLines("as it is", Infinity), "as it is");
});
