import assert from "node:assert/strict";
import {
  checkRuntime,
  runtimeMessage,
  runtimeProblem,
} from "../../../../scripts/compile/runtime.ts";
import { findTarget, ownTarget, type Target } from "../../../../scripts/compile/targets.ts";
import { elfImage } from "./elf_image.ts";

function target(name: string): Target {
  const found = findTarget(name);
  assert.ok(found !== undefined, name);
  return found;
}

const NEED = { target: target("x64"), version: "2.9.6", task: "deno task compile" };

async function problemOf(bytes: Uint8Array<ArrayBuffer>, need = NEED): Promise<string | null> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, bytes);
    return await runtimeProblem(path, need);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("runtimeProblem: the runtime that is needed has none", async () => {
  const text = "rustls Deno/0.80.0 Deno/2.9.6Deno/2.9.6+e518fbd more";
  assert.equal(await problemOf(elfImage({ text })), null);
  const arm64 = { ...NEED, target: target("arm64") };
  assert.equal(await problemOf(elfImage({ text, machine: 183 }), arm64), null);
});

Deno.test("runtimeProblem: what is there in its place is named", async () => {
  const found = async (bytes: Uint8Array<ArrayBuffer>, pattern: RegExp) =>
    assert.match(await problemOf(bytes) ?? "none", pattern);
  await found(elfImage({ text: "Deno/2.6.10" }), /^the runtime of Deno 2\.6\.10$/);
  // Not taken for 2.9.6.
  await found(elfImage({ text: "Deno/2.9.60" }), /^the runtime of Deno 2\.9\.60$/);
  await found(elfImage({ text: "Deno/2.9.6-rc.1" }), /^the runtime of Deno 2\.9\.6-rc\.1$/);
  await found(elfImage({ text: "Deno/2.9.6", machine: 183 }), /2\.9\.6 for another processor/);
  await found(elfImage({ text: "Deno/2.9.6", appended: "d3n0l4nd" }), /was compiled already/);
  await found(elfImage({ text: "Deno/2.9.6", section: ".note.sui" }), /was compiled already/);
  await found(elfImage({ text: "GNU coreutils" }), /nothing to do with Deno/);
  await found(new TextEncoder().encode("PK\x03\x04"), /no Linux program/);
  assert.equal(await runtimeProblem("/nowhere/denort", NEED), "no file that is there");
  assert.equal(await runtimeProblem("/", NEED), "a folder");
  assert.equal(await runtimeProblem("", NEED), "empty");
  assert.equal(await runtimeProblem("/dev/zero", NEED), "no regular file");
});

Deno.test("checkRuntime: deno itself is told from its runtime, which would make a plain REPL", async () => {
  const own = ownTarget();
  assert.ok(own !== undefined);
  const need = { target: own, version: Deno.version.deno, task: "deno task compile" };
  await assert.rejects(
    checkRuntime(Deno.execPath(), need),
    /^CompileError: compile: expected the runtime of Deno .* \(denort\), DENORT_BIN=\S+ is the program "deno" itself/,
  );
});

Deno.test("runtimeMessage: the commands that help with internet and without", () => {
  const message = runtimeMessage("it is not there", { ...NEED, target: target("arm64") });
  const commands = message.split("\n").filter((line) => line.startsWith("    ")).map((line) =>
    line.trim().split(" ").find((word) => !word.startsWith("DENORT_BIN"))
  );
  assert.deepEqual(commands, ["env", "curl", "unzip", "deno"]);
  assert.match(message, /release\/v2\.9\.6\/denort-aarch64-unknown-linux-gnu\.zip$/m);
});
