/** The decisions can be found, and each read in a few minutes. */

import assert from "node:assert/strict";
import { readImportMap } from "../architecture/sources.ts";
import { readPages } from "./pages.ts";

/** A printed page. */
const MAX_LINES = 60;

const FOLDER = "docs/decisions/";
const PAGES = readPages().filter(({ path }) => path.startsWith(FOLDER));
const INDEX = PAGES.find(({ path }) => path.endsWith("/README.md"))?.text ?? "";
const DECISIONS = PAGES.filter(({ path }) => !path.endsWith("/README.md"));

Deno.test("docs/decisions: each is in the index under its number", () => {
  const rows = [...INDEX.matchAll(/^\| (\d{3}) +\| \[[^\]]+\]\(([^)]+)\) +\|$/gm)];
  assert.deepEqual(
    rows.map(([, number, file]) => `${number} ${FOLDER}${file}`),
    DECISIONS.map(({ path }) => `${path.slice(FOLDER.length, FOLDER.length + 3)} ${path}`),
  );
});

Deno.test("docs/decisions: a number that is left out has a reason in the index", () => {
  const numbers = DECISIONS.map(({ path }) => Number(path.slice(FOLDER.length, FOLDER.length + 3)));
  assert.equal(new Set(numbers).size, numbers.length, "a number is given twice");
  const [, reason = ""] = INDEX.split(/\n\n(?=\d{3} )/);
  for (let number = 1; number <= Math.max(...numbers); number++) {
    const name = String(number).padStart(3, "0");
    assert.ok(numbers.includes(number) || reason.includes(name), `${name} is missing`);
  }
});

Deno.test("docs/decisions/006-libraries.md: names every package that we take", () => {
  const page = DECISIONS.find(({ path }) => path.endsWith("/006-libraries.md"))?.text ?? "";
  const names = Object.keys(readImportMap()).map((name) => name.replace(/\/$/, ""));
  assert.deepEqual(names.filter((name) => !page.includes(`\`${name}\``)), []);
});

for (const { path, text } of DECISIONS) {
  Deno.test(`${path}: has its number in its title, and is at most a page`, () => {
    const number = path.slice(FOLDER.length, FOLDER.length + 3);
    assert.match(text, new RegExp(`^# ${number}: \\p{Lu}`, "u"));
    const lines = text.trimEnd().split("\n").length;
    assert.ok(lines <= MAX_LINES, `${lines} lines`);
  });
}
