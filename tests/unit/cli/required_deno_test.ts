import assert from "node:assert/strict";
import { denoProblem, REQUIRED_DENO } from "../../../cli/required_deno.ts";

Deno.test("denoProblem: this Deno and later ones are good", () => {
  for (const version of ["2.9.0", "2.9.6", "2.9.6+e518fbd", "2.10.0-rc.1", "2.10.0", "3.0.0"]) {
    assert.equal(denoProblem(version), null, version);
  }
  assert.equal(denoProblem(Deno.version.deno), null);
});

Deno.test("denoProblem: an older one is refused in one line that says what to do", () => {
  assert.equal(REQUIRED_DENO, "2.9");
  for (const version of ["1.46.3", "2.0.0", "2.6.10", "2.8.3"]) {
    const problem = denoProblem(version) ?? "";
    assert.match(problem, /^rollcall: expected Deno 2\.9 or later, was [^\n]+deno upgrade[^\n]*$/);
    assert.ok(problem.includes(version), problem);
  }
  assert.match(denoProblem("2.6.10", { isBinary: true }) ?? "", /was 2\.6\.10\. Make the binary/);
});

Deno.test("denoProblem: mod.ts can ask before anything else is loaded", () => {
  const importsOf = (path: string) => {
    const text = Deno.readTextFileSync(new URL(`../../../${path}`, import.meta.url));
    return [...text.matchAll(/^import\s[^;]*?"([^"]+)";/gm)].map(([, specifier]) => specifier);
  };
  assert.deepEqual(importsOf("mod.ts"), ["./cli/required_deno.ts"]);
  assert.deepEqual(importsOf("cli/required_deno.ts"), []);
});
