/** Tests of the border between the tree's bytes and the entries. */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  controlSchema,
  currentSchema,
  decodeEntry,
  encodeEntry,
  EntryError,
  offerSchema,
  rolloutSchema,
  serviceSchema,
  slotSchema,
  stagedSchema,
  waveSchema,
} from "../../../rollout/mod.ts";
import { current, service, slot } from "./views.ts";

const PATH = "/dc/slots/A/web-1";

function assertRefused(data: Uint8Array, message: RegExp): void {
  assert.throws(() => decodeEntry(slotSchema, data, PATH), (error) => {
    assert.ok(error instanceof EntryError);
    assert.equal(error.code, "BAD_ENTRY");
    assert.match(error.message, message);
    assert.notEqual(error.cause, undefined);
    return true;
  });
}

Deno.test("decodeEntry: reads back what encodeEntry wrote, of every kind", () => {
  const offer = {
    schema: 1,
    service: "A",
    version: "2",
    infoHash: "0123456789abcdef0123456789abcdef01234567",
    sizeBytes: 5,
    torrentUrl: null,
    rollout: "r1",
  };
  const control = { schema: 1, state: "paused", by: "ann", reason: null, sinceMs: 3 };
  const wave = { schema: 1, rollout: "r1", service: "A", version: "2", hosts: ["web-1"] };
  const waves = [{ service: "A", from: "1", version: "2", hosts: null, finishedMs: null }];
  const rollout = { schema: 1, by: "ann", startedMs: 1, endedMs: null, state: "running", waves };
  const staged = { schema: 1, host: "web-1", version: "2" };
  const entries = [
    [slotSchema, slot("web-1")],
    [currentSchema, current("web-1")],
    [serviceSchema, service()],
    [offerSchema, offer],
    [controlSchema, control],
    [waveSchema, wave],
    [rolloutSchema, rollout],
    [stagedSchema, staged],
  ] as const;
  for (const [schema, entry] of entries) {
    assert.deepEqual(decodeEntry<unknown>(schema, encodeEntry(entry), PATH), entry);
  }
});

Deno.test("decodeEntry: keeps fields that it does not know, inside of others too", () => {
  const staged = { schema: 1, host: "web-1", version: "2", color: "blue" };
  assert.deepEqual(decodeEntry(stagedSchema, encodeEntry(staged), PATH), staged);
  const entry = service();
  const nested = { ...entry, policy: { ...entry.policy, autoRollback: true } };
  assert.deepEqual(decodeEntry(serviceSchema, encodeEntry(nested), PATH), nested);
});

Deno.test("decodeEntry: refuses another schema version and names the node", () => {
  assertRefused(
    encodeEntry({ ...slot("web-1"), schema: 2 }),
    /^read \/dc\/slots\/A\/web-1: the entry does not fit schema 1 at "schema": /,
  );
  const { schema: _, ...without } = slot("web-1");
  assertRefused(encodeEntry(without), /^read \/dc\/slots\/A\/web-1: .* at "schema": /);
});

Deno.test("decodeEntry: names the field that does not fit", () => {
  assertRefused(encodeEntry({ ...slot("web-1"), step: "flying" }), / at "step": /);
});

Deno.test("decodeEntry: refuses what is not JSON, empty nodes and broken UTF-8", () => {
  assertRefused(new Uint8Array(0), /^read \/dc\/slots\/A\/web-1: expected JSON, was 0 bytes/);
  assertRefused(new TextEncoder().encode("{"), /expected JSON, was 1 bytes/);
  assertRefused(Uint8Array.of(0x22, 0xff, 0x22), /expected JSON, was 3 bytes/);
  assertRefused(new TextEncoder().encode("null"), /does not fit schema 1/);
});

Deno.test("decodeEntry: random bytes are read or refused, nothing else", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => new TextEncoder().encode(text)),
      ),
      (bytes) => {
        try {
          decodeEntry(slotSchema, bytes, PATH);
        } catch (error) {
          return error instanceof EntryError;
        }
        return true;
      },
    ),
  );
});

Deno.test("offerSchema: an info hash is 40 hex digits or null", () => {
  const offer = {
    schema: 1,
    service: "A",
    version: "2",
    sizeBytes: 0,
    torrentUrl: null,
    rollout: "r",
  };
  assert.equal(offerSchema.safeParse({ ...offer, infoHash: null }).success, true);
  assert.equal(offerSchema.safeParse({ ...offer, infoHash: "abc" }).success, false);
  assert.equal(offerSchema.safeParse({ ...offer, infoHash: "A".repeat(40) }).success, false);
});

Deno.test("decodeEntry: a name or version that is none is refused, and shown so that it can do no harm", () => {
  for (
    const to of ["", "..", "../../pwn", "a\0b", "\u202egnp", "\x1b[2J", "x".repeat(300), "current"]
  ) {
    const data = encodeEntry({ ...slot("web-1"), to });
    assertRefused(data, /at "to": expected a version .*, was "/);
    assertRefused(data, /^[\x20-\x7e]{1,400}$/);
  }
  for (const host of ["", ".", "a/b", "web 1", "x".repeat(65)]) {
    assertRefused(encodeEntry({ ...slot("web-1"), host }), /at "host": expected up to 64 letters/);
  }
});

Deno.test("decodeEntry: what is nested too deep to be written again is refused", () => {
  const deep = `{"extra":${"[".repeat(30_000)}${"]".repeat(30_000)}}`;
  assert.throws(
    () => decodeEntry(slotSchema, new TextEncoder().encode(deep), PATH),
    /^EntryError: read \/dc\/slots\/A\/web-1: expected at most 32 levels of JSON/,
  );
  const brackets = { ...slot("web-1"), reason: `"${"[".repeat(100)}\\` };
  assert.deepEqual(decodeEntry(slotSchema, encodeEntry(brackets), PATH), brackets);
});

Deno.test("encodeEntry: an explanation without end is shortened, and nothing else is", () => {
  const long = "x".repeat(10_000);
  const entry = { ...current("web-1", { waitingFor: long }), extra: long };
  const read = JSON.parse(new TextDecoder().decode(encodeEntry(entry)));
  assert.equal(read.waitingFor, `${"x".repeat(4_096)}…`);
  assert.equal(read.extra, long);
});
