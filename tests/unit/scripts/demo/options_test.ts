import { CommanderError } from "@commander-js/extra-typings";
import assert from "node:assert/strict";
import { parseDemoOptions } from "../../../../scripts/demo/options.ts";

function parse(...args: string[]) {
  return parseDemoOptions(args, { writeOut: () => {}, writeErr: () => {} });
}

function complaint(...args: string[]): string {
  let said = "";
  assert.throws(
    () => parseDemoOptions(args, { writeOut: () => {}, writeErr: (text) => said += text }),
    (error) => error instanceof CommanderError && error.exitCode !== 0,
  );
  return said;
}

Deno.test("parseDemoOptions has a default for everything", () => {
  assert.deepEqual(parse(), {
    hostsCount: 6,
    blobPath: null,
    blobSizeBytes: 24 * 2 ** 20,
    killHost: null,
    zookeeper: null,
    program: null,
    json: false,
    keep: false,
  });
});

Deno.test("parseDemoOptions takes every option", () => {
  assert.deepEqual(
    parse(
      "--hosts",
      "8",
      "--blob-size",
      "1M",
      "--kill",
      "web-8",
      "--zookeeper",
      "127.0.0.1:2181",
      "--program",
      Deno.execPath(),
      "--json",
      "--keep",
    ),
    {
      hostsCount: 8,
      blobPath: null,
      blobSizeBytes: 2 ** 20,
      killHost: "web-8",
      zookeeper: "127.0.0.1:2181",
      program: Deno.execPath(),
      json: true,
      keep: true,
    },
  );
});

Deno.test("parseDemoOptions refuses a host that the fleet does not have, and names those it has", () => {
  assert.match(complaint("--hosts", "3", "--kill", "web-4"), /web-4.*web-1, web-2, web-3/);
});

Deno.test("parseDemoOptions refuses counts and sizes that are none, and arguments that it does not know", () => {
  assert.match(complaint("--hosts", "1"), /from 2 to 64/);
  assert.match(complaint("--hosts", "many"), /from 2 to 64/);
  assert.match(complaint("--blob-size", "big"), /such as 512K/);
  assert.match(complaint("--fast"), /unknown option/);
  assert.match(complaint("web-1"), /too many arguments/);
});

Deno.test("parseDemoOptions refuses a blob that is not there, and a size for one that is", async () => {
  const folder = await Deno.makeTempDir();
  try {
    assert.equal(parse("--blob", folder).blobPath, folder);
    assert.match(complaint("--blob", `${folder}/none`), /cannot read/);
    assert.match(complaint("--blob", folder, "--blob-size", "1M"), /expected one of them/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("parseDemoOptions refuses a program that is not there or cannot be run", async () => {
  assert.match(complaint("--program", "/nowhere/rollcall"), /cannot read "\/nowhere\/rollcall"/);
  const file = await Deno.makeTempFile();
  try {
    await Deno.chmod(file, 0o600);
    assert.match(complaint("--program", file), /expected a program, ".*" cannot be run/);
  } finally {
    await Deno.remove(file);
  }
});
