/** The glossary can be searched by eye: each group in order, and no word with two meanings. */

import assert from "node:assert/strict";
import { ROOT } from "./pages.ts";

const GROUPS = Deno.readTextFileSync(new URL("docs/glossary.md", ROOT)).split(/^## /m).slice(1);

/** The first word of each entry. */
function termsOf(group: string): string[] {
  return [...group.matchAll(/^- \*\*([^*]+)\*\*/gm)].map(([, term = ""]) => term.toLowerCase());
}

Deno.test("docs/glossary.md: the words of a group are in order", () => {
  for (const group of GROUPS) {
    const terms = termsOf(group);
    assert.ok(terms.length > 0, group.slice(0, 20));
    assert.deepEqual(terms, terms.toSorted((left, right) => left.localeCompare(right, "en")));
  }
});

Deno.test("docs/glossary.md: no word stands there twice", () => {
  const terms = GROUPS.flatMap((group) => termsOf(group));
  assert.deepEqual(terms.filter((term, index) => terms.indexOf(term) !== index), []);
});
