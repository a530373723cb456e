// The client's watches: who hears what, and what a new connection must be told.
import assert from "node:assert/strict";
import { WatchRegistry } from "../../../../../zookeeper/client/watches/watch_registry.ts";
import { silentLog } from "../../../../../zookeeper/log.ts";
import type { WatchEvent } from "../../../../../zookeeper/types.ts";
import { JuteReader, JuteWriter } from "../../../../../zookeeper/wire/jute.ts";
import { opcodes } from "../../../../../zookeeper/wire/protocol.ts";

function registry() {
  return new WatchRegistry({ log: silentLog, toCallerPath: (path) => path });
}

function recorder() {
  const events: string[] = [];
  return {
    events,
    listener: ({ type, path }: WatchEvent) => void events.push(`${type} ${path}`),
  };
}

function persistent(watches: WatchRegistry, path: string, recursive: boolean) {
  const { events, listener } = recorder();
  const key = watches.addPersistent(path, recursive, listener);
  watches.modeToSend(path);
  watches.markEstablished(path);
  return { events, key };
}

Deno.test("WatchRegistry: restore frames stay below 128 kB and name every watch once", () => {
  const watches = registry();
  const paths = Array.from({ length: 3_000 }, (_, index) => `/${"x".repeat(100)}${index}`);
  for (const path of paths) watches.addOneShot("data", path, () => {});
  for (const path of paths) persistent(watches, `${path}/p`, Number(path.at(-1)) % 2 === 0);
  const frames = watches.restoreFrames(5n);
  assert.ok(frames.length > 4);
  const restored: string[] = [];
  let persistentBegun = false;
  for (const frame of frames) {
    const writer = new JuteWriter();
    frame.write(writer);
    assert.ok(writer.sizeBytes <= 128 * 1024 + 100);
    const reader = new JuteReader(writer.bytes());
    assert.equal(reader.long(), 5n);
    const lists = frame.opcode === opcodes.setWatches2 ? 5 : 3;
    for (let list = 0; list < lists; list++) restored.push(...reader.strings());
    assert.equal(reader.remainingBytes, 0);
    // On servers before 3.9 a one-shot watch replaces a persistent one.
    if (frame.opcode === opcodes.setWatches2) persistentBegun = true;
    else assert.equal(persistentBegun, false);
  }
  assert.deepEqual(restored.sort(), [...paths, ...paths.map((path) => `${path}/p`)].sort());
});

Deno.test("WatchRegistry: nothing is restored before a server has confirmed it", () => {
  const watches = registry();
  watches.addPersistent("/a", false, () => {});
  watches.modeToSend("/a");
  assert.equal(watches.restoreFrames(0n).length, 0);
  watches.markEstablished("/a");
  assert.equal(watches.restoreFrames(0n).length, 1);
});

Deno.test("WatchRegistry: reads need no one-shot watch where a persistent one is on the wire", () => {
  const watches = registry();
  const { key } = persistent(watches, "/a", false);
  assert.equal(watches.hasPersistentOnWire("/a"), true);
  assert.equal(watches.hasPersistentOnWire("/a/b"), false);
  watches.connectionLost();
  assert.equal(watches.hasPersistentOnWire("/a"), false);
  watches.restoreFrames(0n);
  assert.equal(watches.hasPersistentOnWire("/a"), true);
  assert.equal(watches.removePersistent("/a", key), true);
  assert.equal(watches.removePersistent("/a", key), false);
  assert.equal(watches.hasPersistentOnWire("/a"), false);
});

Deno.test("WatchRegistry: a lost session uses up one-shot watches and keeps persistent ones", () => {
  const watches = registry();
  const oneShot = recorder();
  const { events } = persistent(watches, "/a", true);
  watches.addOneShot("data", "/b", oneShot.listener);
  watches.addOneShot("exists", "/c", oneShot.listener);
  watches.sessionLost();
  watches.sessionLost();
  assert.deepEqual(oneShot.events, ["resync /b", "resync /c"]);
  watches.dispatch("created", "/a/x");
  assert.deepEqual(events, ["created /a/x"]);
});

Deno.test("WatchRegistry: a listener that waits for data and children hears of a deletion once", () => {
  const watches = registry();
  const { events, listener } = recorder();
  watches.addOneShot("data", "/a", listener);
  watches.addOneShot("children", "/a", listener);
  watches.dispatch("deleted", "/a");
  assert.deepEqual(events, ["deleted /a"]);
});

Deno.test("WatchRegistry: a plain listener beside a recursive one hears of children once, whatever the server keeps", () => {
  for (const serverKeepsBoth of [false, true]) {
    const watches = registry();
    const plain = persistent(watches, "/a", false);
    const recursive = persistent(watches, "/a", true);
    const say = (type: WatchEvent["type"], child: string) => {
      watches.dispatch(type, child);
      if (serverKeepsBoth) watches.dispatch("children_changed", "/a");
    };
    say("created", "/a/b");
    say("created", "/a/c");
    say("deleted", "/a/b");
    assert.deepEqual(plain.events, Array(3).fill("children_changed /a"));
    assert.deepEqual(recursive.events, ["created /a/b", "created /a/c", "deleted /a/b"]);
    // A child that we may not read has no event of its own.
    if (serverKeepsBoth) watches.dispatch("children_changed", "/a");
    assert.equal(plain.events.length, serverKeepsBoth ? 4 : 3);
  }
});
