/**
 * Rules that hold over the whole source: who may import whom, where clock and randomness come in, how large files get.
 * A rule's failure lists every file that breaks it.
 */

import assert from "node:assert/strict";
import {
  fileName,
  findImports,
  findSpecifiers,
  isProduction,
  onlyCode,
  readImportMap,
  readSources,
  resolveSpecifier,
  type Source,
} from "./sources.ts";
import { findCircles } from "./circles.ts";
import { roomOf, ROOMS, UNRESTRICTED } from "./rooms.ts";
import { TYPE_CIRCLES } from "./type_circles.ts";

const SOURCES = readSources();
const PRODUCTION = SOURCES.filter(isProduction);

/** Largest production file, in lines. Most are far below; see the guide in the house style. */
const MAX_LINES = 400;

function assertNone(problems: readonly string[]): void {
  assert.equal(problems.length, 0, `\n${problems.join("\n")}`);
}

function isRelative(specifier: string): boolean {
  return specifier.startsWith("./") || specifier.startsWith("../");
}

/** A module of the project; data, as `deno.json` is for the version, may be read by anyone. */
function isModule(specifier: string): boolean {
  return isRelative(specifier) && specifier.endsWith(".ts");
}

/** The project's modules that a file imports, by path; without those that it imports for their types alone if asked so. */
function importsOf(source: Source, kind: "all" | "values" = "all"): string[] {
  return findImports(source.text)
    .filter(({ specifier, isTypeOnly }) =>
      isModule(specifier) && !(kind === "values" && isTypeOnly)
    )
    .map(({ specifier }) => resolveSpecifier(source, specifier));
}

Deno.test("architecture: rooms import only in the directions that are allowed", () => {
  const restricted = SOURCES.filter(({ path }) =>
    !UNRESTRICTED.some((each) => path.startsWith(`${each}/`))
  );
  assertNone(restricted.flatMap((source) => {
    const room = roomOf(source.path);
    if (room === undefined) return [`${source.path}: no rule for its folder`];
    return importsOf(source).flatMap((path) => {
      const target = roomOf(path);
      return target === room || target !== undefined && ROOMS[room]?.includes(target)
        ? []
        : [`${source.path}: imports ${path}, but ${room || "the entry"} must not use ${target}`];
    });
  }));
});

Deno.test("architecture: every allowed direction is used", () => {
  const used = new Set(
    PRODUCTION.flatMap((source) =>
      importsOf(source).map((path) => `${roomOf(source.path)} -> ${roomOf(path)}`)
    ),
  );
  assertNone(
    Object.entries(ROOMS).flatMap(([room, allowed]) =>
      allowed.map((target) => `${room} -> ${target}`)
    )
      .filter((direction) => !used.has(direction)),
  );
});

Deno.test("architecture: no circle of imports that carry values", () => {
  assertNone(findCircles(PRODUCTION, (source) => importsOf(source, "values")));
});

Deno.test("architecture: circles of imports of types are those that have a reason", () => {
  const circles = findCircles(PRODUCTION, (source) => importsOf(source));
  assert.deepEqual(circles, TYPE_CIRCLES.map(({ files }) => files.join(" ")).toSorted());
});

Deno.test("architecture: clock and randomness come in through clock.ts and random.ts alone", () => {
  const rules = [
    [/\bDate\.now\b/, "Date.now"],
    [/\bnew Date\s*(?:\(\s*\)|(?![\w\s(.]))/, "new Date()"],
    [/\bperformance\.now\b/, "performance.now"],
    [/\bMath\.random\b/, "Math.random"],
    [/(?<![.\w#])(?:globalThis\.)?setTimeout\s*\(/, "setTimeout"],
    [/(?<![.\w#])(?:globalThis\.)?setInterval\s*\(/, "setInterval"],
  ] as const;
  assertNone(
    PRODUCTION.filter((source) => !["clock.ts", "random.ts"].includes(fileName(source)))
      .flatMap((source) => {
        const code = onlyCode(source.text);
        return rules.filter(([pattern]) => pattern.test(code))
          .map(([, name]) => `${source.path}: ${name}`);
      }),
  );
});

Deno.test("architecture: whoever asks over HTTP does so by direct_fetch.ts, past any proxy", () => {
  assertNone(
    PRODUCTION.filter((source) => fileName(source) !== "direct_fetch.ts")
      .filter(({ text }) =>
        /(?:await|return|=|=>)\s*(?:globalThis\.)?fetch\s*\(/.test(onlyCode(text))
      )
      .map(({ path }) => `${path}: fetch`),
  );
});

Deno.test(`architecture: production files have fewer than ${MAX_LINES} lines`, () => {
  assertNone(PRODUCTION.flatMap(({ path, text }) => {
    const lines = text.trimEnd().split("\n").length;
    return lines < MAX_LINES ? [] : [`${path}: ${lines} lines`];
  }));
});

Deno.test("architecture: every file opens with a comment that says what it is for", () => {
  assertNone(PRODUCTION.flatMap(({ path, text }) => {
    const [comment = ""] = /^(?:#!.*\n)?\s*(?:\/\*\*[\s\S]*?\*\/|(?:\/\/.*\n)+)/.exec(text) ?? [];
    const words = comment.replaceAll(/^#!.*|@\w+|[/*]/gm, " ").trim().split(/\s+/);
    return words.length >= 4 ? [] : [`${path}: opens with "${text.slice(0, 40)}"`];
  }));
});

Deno.test("architecture: a folder's mod.ts only re-exports", () => {
  const modules = SOURCES.filter((source) =>
    fileName(source) === "mod.ts" && source.path !== "mod.ts"
  );
  assertNone(modules.flatMap(({ path, text }) => {
    const rest = onlyCode(text).replaceAll(
      /\bexport\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s*from\s*""\s*;?/g,
      "",
    ).trim();
    return rest === "" ? [] : [`${path}: ${rest.slice(0, 60)}`];
  }));
});

Deno.test("architecture: bare imports are in the import map, and nothing comes from a URL", () => {
  const names = Object.keys(readImportMap());
  assertNone(SOURCES.flatMap((source: Source) =>
    findSpecifiers(source.text)
      .filter((specifier) => !isRelative(specifier) && !specifier.startsWith("node:"))
      .filter((specifier) =>
        !names.some((name) => name.endsWith("/") ? specifier.startsWith(name) : specifier === name)
      )
      .map((specifier) => `${source.path}: imports "${specifier}"`)
  ));
});

Deno.test("architecture: deno task check reads the documentation of every entry point", () => {
  const { exports, tasks } = JSON.parse(
    Deno.readTextFileSync(new URL("../../../deno.json", import.meta.url)),
  );
  const [, linted = ""] = /deno doc --lint ([^&]*)/.exec(tasks.check.command) ?? [];
  assert.deepEqual(
    linted.trim().split(/\s+/).toSorted(),
    Object.values<string>(exports).map((path) => path.replace("./", "")).toSorted(),
  );
});
