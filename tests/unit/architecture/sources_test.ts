/** Tests of how the architecture tests read a file: a rule that finds nothing shows nothing. */

import assert from "node:assert/strict";
import { findCircles } from "./circles.ts";
import {
  findImports,
  findSpecifiers,
  onlyCode,
  readSources,
  resolveSpecifier,
  withoutComments,
} from "./sources.ts";

Deno.test("findSpecifiers: every way to import, in order", () => {
  const text = `
    import { a } from "./a.ts";
    import type { B } from './b.ts';
    import c, {
      type D,
    } from "./c.ts"
    import "./side_effect.ts";
    export * from "./e.ts";
    export { f } from "./f.ts";
    const g = await import("./g.ts");
    const h = await import(
      './h.ts',
    );
  `;
  const names = ["a", "b", "c", "side_effect", "e", "f", "g", "h"];
  assert.deepEqual(findSpecifiers(text), names.map((name) => `./${name}.ts`));
});

Deno.test("findSpecifiers: nothing from comments, strings or other exports", () => {
  const text = `
    // import { a } from "./a.ts";
    /* export * from "./b.ts"; */
    export const from = "./c.ts";
    export function important(): void {}
    const text = "import it from there";
    const program = \`import { d } from "./d.ts";\`;
  `;
  assert.deepEqual(findSpecifiers(text), []);
});

Deno.test("withoutComments: leaves a URL in a string alone", () => {
  assert.equal(withoutComments('const url = "http://x"; // why'), 'const url = "http://x";  ');
});

Deno.test("onlyCode: no strings, no comments, but the code in templates", () => {
  const code = onlyCode('a("Date.now"); /* Date.now */ b(`${Date.now()}`); // Math.random');
  assert.equal(code.trim(), 'a("");   b(`${Date.now()}`);');
});

Deno.test("resolveSpecifier: from the root", () => {
  const source = { path: "actors/session/session.ts", text: "" };
  assert.equal(resolveSpecifier(source, "../runtime/mod.ts"), "actors/runtime/mod.ts");
  assert.equal(resolveSpecifier(source, "./clock.ts"), "actors/session/clock.ts");
});

Deno.test("readSources: finds this file, and nothing of others", () => {
  const paths = readSources().map(({ path }) => path);
  assert.ok(paths.includes("tests/unit/architecture/sources_test.ts"));
  assert.deepEqual(paths.filter((path) => /node_modules|stand_ins/.test(path)), []);
});

Deno.test("findImports: whether an import is for types alone", () => {
  const text = `import type { A } from "./a.ts";
import { type B, type C } from "./b.ts";
import { type D, e } from "./c.ts";
export type { F } from "./d.ts";
export * from "./e.ts";
import "./f.ts";
const g = await import("./g.ts");
`;
  assert.deepEqual(
    findImports(text).filter(({ isTypeOnly }) => isTypeOnly).map(({ specifier }) => specifier),
    ["./a.ts", "./b.ts", "./d.ts"],
  );
});

Deno.test("findCircles: names the files that import each other, and no others", () => {
  const imports: Record<string, string[]> = {
    "a.ts": ["b.ts"],
    "b.ts": ["c.ts", "d.ts"],
    "c.ts": ["a.ts"],
    "d.ts": ["e.ts", "elsewhere.ts"],
    "e.ts": ["d.ts"],
    "f.ts": ["a.ts", "f.ts"],
  };
  const sources = Object.keys(imports).map((path) => ({ path, text: "" }));
  assert.deepEqual(findCircles(sources, ({ path }) => imports[path] ?? []), [
    "a.ts b.ts c.ts",
    "d.ts e.ts",
  ]);
});
