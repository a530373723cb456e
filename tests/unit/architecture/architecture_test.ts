/**
 * Rules that hold over the whole source: who may import whom, where clock and randomness come in, how large files get.
 * A rule's failure lists every file that breaks it.
 */

import assert from "node:assert/strict";
import {
  fileName,
  findSpecifiers,
  isProduction,
  onlyCode,
  readImportMap,
  readSources,
  resolveSpecifier,
  type Source,
} from "./sources.ts";

const SOURCES = readSources();
const PRODUCTION = SOURCES.filter(isProduction);

/** Folders, and the ones besides themselves that each may import from. `*`: all. */
const ALLOWED_IMPORTS: Readonly<Record<string, readonly string[] | "*">> = {
  cli: [
    "actors",
    "actors/runtime",
    "coordination",
    "rollout",
    "zookeeper",
    "torrent",
    "tracker",
    "ffi",
    "host",
  ],
  actors: [
    "actors/runtime",
    "coordination",
    "rollout",
    "zookeeper",
    "torrent",
    "ffi",
    "host",
  ],
  coordination: ["rollout", "zookeeper"],
  torrent: ["tracker", "ffi", "host"],
  tracker: ["torrent", "ffi", "host"],
  host: ["ffi"],
  "actors/runtime": [],
  rollout: [],
  zookeeper: [],
  ffi: [],
  scripts: "*",
  tests: "*",
  // The program's entry. It starts the pin keeper without the command line, whose memory it must not take.
  "": ["cli", "host"],
};

/** Largest production file, in lines. Most are far below; see the guide in the house style. */
const MAX_LINES = 400;

/** A folder of {@link ALLOWED_IMPORTS}. */
function partOf(path: string): string {
  if (path.startsWith("actors/runtime/")) return "actors/runtime";
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : "";
}

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

Deno.test("architecture: parts import only in the directions that are allowed", () => {
  assertNone(SOURCES.flatMap((source) => {
    const part = partOf(source.path);
    const allowed = ALLOWED_IMPORTS[part];
    if (allowed === undefined) return [`${source.path}: no rule for the folder ${part}`];
    if (allowed === "*") return [];
    return findSpecifiers(source.text).filter(isModule).flatMap((specifier) => {
      const target = partOf(resolveSpecifier(source, specifier));
      return target === part || allowed.includes(target) ? [] : [
        `${source.path}: imports ${specifier}, but ${part || "the entry"} must not use ${target}`,
      ];
    });
  }));
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
