// Connect strings, paths, back-off: the small pure parts of the client.
import assert from "node:assert/strict";
import fc from "fast-check";
import { reconnectDelayMs } from "../../../../../zookeeper/client/connection/back_off.ts";
import { parseConnectString } from "../../../../../zookeeper/client/connection/connect_string.ts";
import { shuffle } from "../../../../../zookeeper/client/connection/shuffle.ts";
import {
  baseName,
  childPath,
  isWithin,
  parentPath,
  pathProblem,
} from "../../../../../zookeeper/paths.ts";

Deno.test("parseConnectString: hosts, ports, IPv6 and chroot", () => {
  assert.deepEqual(parseConnectString("zk1:2182, zk2,[::1]:2183/a/b"), {
    servers: [
      { hostname: "zk1", port: 2182 },
      { hostname: "zk2", port: 2181 },
      { hostname: "::1", port: 2183 },
    ],
    chroot: "/a/b",
  });
  assert.equal(parseConnectString("zk1/").chroot, "");
});

Deno.test("parseConnectString: says what it cannot read", () => {
  for (const text of ["", ",", "/a", "zk:0", "zk:65536", "zk:x", "a:1:2", "zk/a//b", "zk/a/"]) {
    assert.throws(() => parseConnectString(text), { code: "BAD_ARGUMENTS" }, text);
  }
});

Deno.test("pathProblem: takes ZooKeeper's paths and no others", () => {
  for (const path of ["/", "/a", "/a/b.c/..d", "/größe", "/a b"]) {
    assert.equal(pathProblem(path), undefined, path);
  }
  for (
    const path of ["", "a", "/a/", "//", "/a//b", "/.", "/a/..", "/a\u0000", "/\ud800", "/\uffff"]
  ) {
    assert.notEqual(pathProblem(path), undefined, path);
  }
});

Deno.test("parentPath, baseName and childPath take a path apart and put it together", () => {
  const path = fc.array(fc.stringMatching(/^[a-z]{1,5}$/), { minLength: 1, maxLength: 5 })
    .map((parts) => `/${parts.join("/")}`);
  fc.assert(fc.property(path, (whole) => {
    assert.equal(childPath(parentPath(whole), baseName(whole)), whole);
    assert.ok(isWithin(whole, parentPath(whole)));
    assert.ok(isWithin(whole, "/"));
    assert.ok(!isWithin(`${whole}x`, whole));
  }));
});

Deno.test("reconnectDelayMs: one round at once, then longer, up to a limit, never in step", () => {
  const delay = (failures: number, random: number) =>
    reconnectDelayMs({ failures, servers: 3, random: () => random });
  assert.deepEqual([0, 1, 2].map((failures) => delay(failures, 0.5)), [0, 0, 0]);
  assert.equal(delay(3, 0), 50);
  assert.equal(delay(6, 0), 100);
  assert.equal(delay(1_000_000, 0), 1_000);
  assert.ok(delay(1_000_000, 0.999) < 2_000);
});

Deno.test("shuffled: every item once, and any of them first", () => {
  const items = [1, 2, 3, 4];
  fc.assert(
    fc.property(fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })), (stream) => {
      const result = shuffle(items, () => stream.next().value ?? 0);
      assert.deepEqual(result.toSorted(), items);
    }),
  );
  // All that a draw among four can say, three times over.
  const draws = [0, 0.25, 0.5, 0.75];
  const firsts = new Set<number | undefined>();
  for (const first of draws) {
    for (const second of draws) {
      for (const third of draws) {
        const rest = [first, second, third];
        firsts.add(shuffle(items, () => rest.shift() ?? 0)[0]);
      }
    }
  }
  assert.deepEqual(firsts, new Set(items));
});
