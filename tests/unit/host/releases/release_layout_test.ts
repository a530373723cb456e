import assert from "node:assert/strict";
import fc from "fast-check";
import { resolve } from "node:path";
import {
  HostError,
  isServiceName,
  isVersionName,
  pathBelow,
  ReleaseLayout,
} from "../../../../host/mod.ts";

Deno.test("ReleaseLayout keeps every accepted name within the service's folder, apart from all others", () => {
  const name = fc.string({ maxLength: 12, unit: fc.constantFrom(..."ab.~+-_/ \\\0é") });
  fc.assert(fc.property(name, name, (service, version) => {
    if (!isServiceName(service) || !isVersionName(version)) return;
    const layout = new ReleaseLayout("/data", service);
    const paths = Object.values(layout.paths(version));
    for (const path of paths) assert.ok(path.startsWith(`/data/${service}/`), path);
    const others = [
      layout.currentLink,
      layout.stateDir,
      layout.processRecord,
      layout.switchJournal,
    ];
    assert.equal(new Set([...paths, ...others]).size, paths.length + others.length);
  }));
});

Deno.test("pathBelow: no text leads out of its folder", () => {
  for (const name of ["", ".", "..", "../x", "a/b", "/etc", "a\0b", "x/", "./x"]) {
    assert.throws(() => pathBelow("/data", name), { code: "NAME_INVALID" }, JSON.stringify(name));
  }
  const text = fc.string({ unit: fc.constantFrom(..."ab./\\\0~ é\n"), maxLength: 20 });
  fc.assert(fc.property(text, (name) => {
    let path: string;
    try {
      path = pathBelow("/data/web", name);
    } catch (error) {
      return error instanceof HostError && error.code === "NAME_INVALID";
    }
    return path === `/data/web/${name}` && resolve(path) === path;
  }));
});

Deno.test("ReleaseLayout: a long name is shown in part", () => {
  assert.throws(
    () => new ReleaseLayout("/data", "web").paths("x".repeat(300_000)),
    (error) => error instanceof HostError && error.message.length < 500,
  );
});

Deno.test("ReleaseLayout throws NAME_INVALID and shows the name", () => {
  const invalid = (action: () => unknown, shown: string) =>
    assert.throws(action, (error) => {
      assert.ok(error instanceof HostError);
      return error.code === "NAME_INVALID" && error.message.includes(shown);
    });
  invalid(() => new ReleaseLayout("/data", "../etc"), '"../etc"');
  invalid(() => new ReleaseLayout("/data", "web").paths("current"), '"current"');
});
