/** Tests of how the tests of the pages read one: a rule that finds nothing shows nothing. */

import assert from "node:assert/strict";
import { findAnchors, findCodeSpans, findLinks, readPages } from "./pages.ts";

const PAGE = `# What \`it\` is, and: why

See [the page](other.md#part), ![a picture](pictures/a.svg "A title"), [elsewhere](https://example.com),
\`[no](link.md)\` and <img src="pictures/b.svg">.

## Again

\`\`\`ts
const link = "[no](link.md)"; // \`no/span.ts\`
\`\`\`

## Again

The file \`base/clock.ts\` and \`a span of
two lines\`.
`;

Deno.test("findLinks: links and pictures, none from code", () => {
  assert.deepEqual(findLinks(PAGE), [
    "other.md#part",
    "pictures/a.svg",
    "https://example.com",
    "pictures/b.svg",
  ]);
});

Deno.test("findCodeSpans: also over a line's end, none from blocks", () => {
  assert.deepEqual(findCodeSpans(PAGE), [
    "it",
    "[no](link.md)",
    "base/clock.ts",
    "a span of two lines",
  ]);
});

Deno.test("findAnchors: as GitHub forms them, the second of a name with a number", () => {
  assert.deepEqual(findAnchors(PAGE), ["what-it-is-and-why", "again", "again-1"]);
});

Deno.test("readPages: finds the README and the pages of every folder of docs", () => {
  const paths = readPages().map(({ path }) => path);
  for (const path of ["README.md", "docs/architecture.md", "docs/decisions/README.md"]) {
    assert.ok(paths.includes(path), path);
  }
});
