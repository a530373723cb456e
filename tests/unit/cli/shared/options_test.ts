import assert from "node:assert/strict";
import { parseReason } from "../../../../cli/shared/options.ts";

Deno.test("parseReason: one line that every screen can show, or a message about what it was", () => {
  for (const reason of ["disk swap", "Lüfter: 3 von 4", "x".repeat(500)]) {
    assert.equal(parseReason(reason), reason);
  }
  for (
    const reason of ["", " ", "x".repeat(501), "one\ntwo", "\x1b[31mred", "\u202eevil", "a\tb"]
  ) {
    assert.throws(
      () => parseReason(reason),
      /expected one line of up to 500 printable characters, was "[ -~]*/,
    );
  }
});
