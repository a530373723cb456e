import assert from "node:assert/strict";
import fc from "fast-check";
import { HostError, isServiceName, isVersionName, ReleaseLayout } from "../../../../host/mod.ts";

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

Deno.test("ReleaseLayout throws NAME_INVALID and shows the name", () => {
  const invalid = (action: () => unknown, shown: string) =>
    assert.throws(action, (error) => {
      assert.ok(error instanceof HostError);
      return error.code === "NAME_INVALID" && error.message.includes(shown);
    });
  invalid(() => new ReleaseLayout("/data", "../etc"), '"../etc"');
  invalid(() => new ReleaseLayout("/data", "web").paths("current"), '"current"');
});
