import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import configuration from "../../../deno.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** The programs of those tasks that measure or try something, by the names of their tasks. */
const PROGRAMS = Object.entries(configuration.tasks).flatMap(([task, { command }]) => {
  const [, program] = /^deno run -A ((?:scripts\/bench|tests)\/\S+\.ts)$/.exec(command) ?? [];
  return program === undefined ? [] : [{ task, program }];
});

async function run(program: string, argument: string) {
  const { code, stderr, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", program, argument],
    cwd: ROOT,
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trimEnd();
  return { code, said: decode(stderr), printed: decode(stdout) };
}

Deno.test("command lines: there are programs to try", () => assert.ok(PROGRAMS.length >= 10));

for (const { task, program } of PROGRAMS) {
  Deno.test(`command lines: ${task} says what is wrong, and exits with 2`, async () => {
    const { code, said, printed } = await run(program, "--bogus");
    assert.equal(said, "error: unknown option '--bogus'");
    assert.equal(code, 2);
    assert.equal(printed, "");
  });

  Deno.test(`command lines: ${task} --help names its task`, async () => {
    const { code, printed } = await run(program, "--help");
    assert.match(printed, new RegExp(`^Usage: ${task} `));
    assert.equal(code, 0);
  });
}
