/** The table of the tree in docs/architecture.md has every field of every entry. */

import assert from "node:assert/strict";
import {
  controlSchema,
  currentSchema,
  offerSchema,
  rolloutSchema,
  rosterSchema,
  serviceSchema,
  slotSchema,
  stagedSchema,
  waveSchema,
} from "../../../rollout/mod.ts";
import { ROOT } from "./pages.ts";

const PAGE = Deno.readTextFileSync(new URL("docs/architecture.md", ROOT));

const SCHEMAS = {
  "/dc/control": controlSchema,
  "/dc/services/<S>": serviceSchema,
  "/dc/services/<S>/<host>": rosterSchema,
  "/dc/current/<S>/<host>": currentSchema,
  "/dc/staging/<S>": offerSchema,
  "/dc/staging/<S>/<host>-<n>": stagedSchema,
  "/dc/deploy/<S>-<n>": waveSchema,
  "/dc/slots/<S>/<host>": slotSchema,
  "/dc/history/<rollout>": rolloutSchema,
};

for (const [path, schema] of Object.entries(SCHEMAS)) {
  Deno.test(`docs/architecture.md: the fields of ${path} are those of its schema`, () => {
    const row = PAGE.split("\n").find((line) => line.startsWith(`| \`${path}\` `)) ?? "";
    const [, , , fields = ""] = row.split("|");
    const named = [...fields.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name);
    const keys = Object.keys(schema.shape).filter((key) => key !== "schema");
    assert.deepEqual(keys.filter((key) => !named.includes(key)), []);
  });
}
