/**
 * What the pages for people name is there: where their links lead, the files and folders that they speak of, and the
 * names of the code. A rule's failure lists every page that breaks it.
 */

import assert from "node:assert/strict";
import { isProduction, readSources } from "../architecture/sources.ts";
import { findAnchors, findCodeSpans, findLinks, type Page, readPages, ROOT } from "./pages.ts";

const PAGES = readPages();
const SOURCES = readSources();

/** Whether a page tells what was once: it names what may be gone. Its links are held to the rules all the same. */
function isHistory({ path }: Page): boolean {
  return path === "CHANGELOG.md" || path.startsWith("docs/history/");
}

/** Names of the operating system's, in the form of names of code. */
const FOREIGN = new Set(["MemoryMax", "RssAnon", "RssFile"]);

const PRESENT = PAGES.filter((page) => !isHistory(page));

function assertNone(problems: readonly string[]): void {
  assert.equal(problems.length, 0, `\n${problems.join("\n")}`);
}

function exists(path: string): boolean {
  try {
    Deno.statSync(new URL(path, ROOT));
    return true;
  } catch {
    return false;
  }
}

/** The path from the root that a relative link of the page leads to, and the anchor in it. */
function resolveLink({ path }: Page, link: string): { target: string; anchor: string } {
  const url = new URL(link, `file:///${path}`);
  return { target: decodeURI(url.pathname.slice(1)), anchor: decodeURI(url.hash.slice(1)) };
}

Deno.test("docs: every relative link leads to a file, and every anchor to a heading", () => {
  assertNone(
    PAGES.flatMap((page) =>
      findLinks(page.text).filter((link) => !/^[a-z]+:/.test(link)).flatMap((link) => {
        const { target, anchor } = resolveLink(page, link);
        if (!exists(target)) return [`${page.path}: ${link}: there is no ${target}`];
        if (anchor === "" || !target.endsWith(".md")) return [];
        const anchors = findAnchors(Deno.readTextFileSync(new URL(target, ROOT)));
        return anchors.includes(anchor) ? [] : [`${page.path}: ${link}: no such heading`];
      })
    ),
  );
});

Deno.test("docs: every path and file name of the source between backticks is there", () => {
  const names = new Set(SOURCES.map(({ path }) => path.slice(path.lastIndexOf("/") + 1)));
  const folders = new Set(
    SOURCES.filter(({ path }) => path.includes("/")).map(({ path }) => path.split("/")[0]),
  );
  assertNone(PRESENT.flatMap((page) =>
    findCodeSpans(page.text).flatMap((code) => {
      // A symbol behind the file, or a line, is no part of the path.
      const [path = ""] = code.split(/[:#\s]/);
      const isPath = /^[\w.-]+(?:\/[\w.-]+)*\/?$/.test(path) && path.includes("/") &&
        folders.has(path.split("/")[0]);
      if (isPath) return exists(path) ? [] : [`${page.path}: there is no ${path}`];
      if (!/^[\w.-]+(?:\/[\w.-]+)*\.ts$/.test(path)) return [];
      if (path.includes("/")) return [`${page.path}: ${path} is no path from the root`];
      return names.has(path) ? [] : [`${page.path}: no file is called ${path}`];
    })
  ));
});

Deno.test("docs: every name of code between backticks is in the source", () => {
  const words = new Set(SOURCES.flatMap(({ text }) => text.match(/[A-Za-z_]\w*/g) ?? []));
  assertNone(PRESENT.flatMap((page) =>
    findCodeSpans(page.text).flatMap((code) => {
      // Only what nobody takes for a word: camelCase and PascalCase of two parts, alone, dotted or called.
      if (!/^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?:\(\))?$/.test(code)) return [];
      return code.replace("()", "").split(".")
        .filter((name) => /[a-z0-9][A-Z]/.test(name) && !words.has(name) && !FOREIGN.has(name))
        .map((name) => `${page.path}: nothing is called ${name}`);
    })
  ));
});

Deno.test("docs: the tests that prove an invariant are there under their names", () => {
  const [architecture] = PAGES.filter(({ path }) => path === "docs/architecture.md");
  const rows = architecture?.text.match(/^\| I\d+ .*$/gm) ?? [];
  assert.ok(rows.length >= 10, "the table of invariants was not found");
  const tests = SOURCES.filter((source) => !isProduction(source)).map(({ text }) => text).join(
    "\n",
  );
  assertNone(rows.flatMap((row) => {
    const proof = row.split("|").at(-2) ?? "";
    const names = [...proof.matchAll(/(?<!\w)_([^|]+?)_(?!\w)/g)].map(([, name = ""]) => name);
    return names.map((name) => name.replace(/\s*…$/, ""))
      .filter((name) => !tests.includes(name))
      .map((name) => `${row.slice(0, 6)}: no test is called "${name}"`);
  }));
});
