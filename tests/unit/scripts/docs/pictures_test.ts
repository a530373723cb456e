/** Tests of the documentation's pictures: those that are checked in are what the script draws. */

import assert from "node:assert/strict";
import { Drawing } from "../../../../scripts/docs/drawing.ts";
import { PICTURES } from "../../../../scripts/docs/pictures.ts";
import { readSources } from "../../architecture/sources.ts";

const FOLDER = new URL("../../../../docs/pictures/", import.meta.url);

for (const [name, draw] of Object.entries(PICTURES)) {
  Deno.test(`pictures: docs/pictures/${name} is what \`deno task docs:pictures\` draws`, () => {
    assert.equal(Deno.readTextFileSync(new URL(name, FOLDER)), draw());
  });

  Deno.test(`pictures: ${name} names only classes that are in the source`, () => {
    const words = new Set(
      readSources().filter(({ path }) => !path.startsWith("scripts/docs/"))
        .flatMap(({ text }) => text.match(/[A-Za-z_]\w*/g) ?? []),
    );
    const codes = [...draw().matchAll(/<tspan class="code">([A-Z][A-Za-z]*)<\/tspan>/g)];
    assert.deepEqual(codes.map(([, code = ""]) => code).filter((code) => !words.has(code)), []);
  });
}

Deno.test("Drawing: refuses a text that does not fit into its box", () => {
  const drawing = new Drawing({ title: "", description: "", height: 100 });
  const area = { x: 0, y: 0, width: 80, height: 30 };
  drawing.box(area, { kind: "ours", title: "fits" });
  assert.throws(
    () => drawing.box(area, { kind: "ours", title: "much too wide for it" }),
    /do not fit into 80/,
  );
  assert.throws(
    () => drawing.box(area, { kind: "ours", lines: ["too", "high"] }),
    /higher than its box/,
  );
});

Deno.test("Drawing: what a text holds cannot become markup", () => {
  const drawing = new Drawing({ title: "a & b", description: "", height: 100 });
  drawing.label([0, 0], "`service:<S>`");
  const text = drawing.toString();
  assert.ok(text.includes("service:&lt;S&gt;"));
  assert.ok(text.includes("a &amp; b"));
});
