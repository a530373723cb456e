import assert from "node:assert/strict";
import { join } from "node:path";
import { SWITCH_STEPS, SwitchJournal } from "../../../../host/mod.ts";
import { withFolder } from "../support.ts";

Deno.test("SwitchJournal keeps the last step, and nothing after clear", async () => {
  await withFolder((folder) => {
    const journal = new SwitchJournal(join(folder, "switch.json"));
    assert.deepEqual(journal.read(), { state: "absent" });
    for (const step of SWITCH_STEPS) {
      const entry = { step, from: "v1", to: "v2", since: 5, context: { slot: "/dc/slots/web/a" } };
      journal.write(entry);
      assert.deepEqual(new SwitchJournal(journal.path).read(), { state: "present", entry });
    }
    journal.write({ step: "starting", from: null, to: "v1", since: 1 });
    const first = { step: "starting", from: null, to: "v1", since: 1, context: {} };
    assert.deepEqual(journal.read(), { state: "present", entry: first });
    journal.clear();
    journal.clear();
    assert.deepEqual(journal.read(), { state: "absent" });
    return Promise.resolve();
  });
});

Deno.test("SwitchJournal that is damaged counts as absent and says why", async () => {
  await withFolder((folder) => {
    const path = join(folder, "switch.json");
    const good = { schema: 1, step: "stopping", from: "v1", to: "v2", since: 1 };
    const damaged: [string, RegExp][] = [
      ["", /expected JSON/],
      [JSON.stringify(good).slice(0, 20), /expected JSON/],
      ["\0".repeat(100), /expected JSON/],
      [JSON.stringify({ ...good, step: "dancing" }), /step/],
      [JSON.stringify({ ...good, schema: 2 }), /schema/],
    ];
    for (const [text, expected] of damaged) {
      Deno.writeTextFileSync(path, text);
      const found = new SwitchJournal(path).read();
      assert.equal(found.state, "corrupt");
      if (found.state === "corrupt") assert.match(found.file.reason, expected);
    }
    return Promise.resolve();
  });
});
