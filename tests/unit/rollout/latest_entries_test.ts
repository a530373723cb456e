// An entry that was decoded before is found again by its node and its bytes, and by nothing less.
import assert from "node:assert/strict";
import { z } from "zod";
import { LatestEntries } from "../../../rollout/latest_entries.ts";

const schema = z.object({ host: z.string() });
const bytes = (text: string) => new TextEncoder().encode(text);
const data = bytes('{"host":"web-1"}');
const entry = { host: "web-1" };

Deno.test("LatestEntries: a node with the same bytes has the same entry, and with others it has none", () => {
  const entries = new LatestEntries();
  entries.put(schema, data, { path: "/a", entry });
  assert.equal(entries.get(schema, data.slice(), "/a"), entry);
  assert.equal(entries.get(schema, bytes('{"host":"web-2"}'), "/a"), undefined);
  assert.equal(entries.get(schema, data.subarray(1), "/a"), undefined);
  assert.equal(entries.get(schema, data, "/b"), undefined);
  assert.equal(entries.get(z.object({ host: z.string() }), data, "/a"), undefined);
});

Deno.test("LatestEntries: keeps the bytes as they were, whatever becomes of their memory", () => {
  const entries = new LatestEntries();
  const reused = data.slice();
  entries.put(schema, reused, { path: "/a", entry });
  reused.set(bytes('{"host":"web-3"}'));
  assert.equal(entries.get(schema, reused, "/a"), undefined);
  assert.equal(entries.get(schema, data, "/a"), entry);
});

Deno.test("LatestEntries: forgets the oldest nodes once there are too many, and keeps none that is too large", () => {
  const entries = new LatestEntries();
  for (let number = 0; number < 2_001; number++) {
    entries.put(schema, data, { path: `/${number}`, entry });
  }
  assert.equal(entries.get(schema, data, "/0"), undefined);
  assert.equal(entries.get(schema, data, "/2000"), entry);
  entries.put(schema, new Uint8Array(4_096), { path: "/large", entry });
  assert.equal(entries.get(schema, new Uint8Array(4_096), "/large"), undefined);
});
