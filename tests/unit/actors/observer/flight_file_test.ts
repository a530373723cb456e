import assert from "node:assert/strict";
import { type FlightFile, writeFlightFile } from "../../../../actors/observer/flight_file.ts";
import { VirtualClock } from "../../../../actors/runtime/mod.ts";

Deno.test("writeFlightFile: says who, when, why and what, and keeps the last ten", async () => {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-flight-" });
  try {
    const clock = new VirtualClock();
    await Deno.writeTextFile(`${folder}/notes.json`, "somebody else's");
    const paths: string[] = [];
    for (let count = 0; count < 12; count++) {
      await clock.advance(1_000);
      paths.push(writeFlightFile(`${folder}/records`, {
        host: "web-1",
        error: new Error("gave up", { cause: new Error("no port") }),
        events: [{ number: 3, atMs: clock.nowMs() - 500, path: "/agent", type: "started" }],
        clock,
      }));
    }
    await Deno.writeTextFile(`${folder}/records/notes.txt`, "an operator's");
    const kept = [...Deno.readDirSync(`${folder}/records`)].map(({ name }) => name).sort();
    assert.deepEqual(
      kept,
      [...paths.slice(2).map((path) => path.slice(path.lastIndexOf("/") + 1)), "notes.txt"],
    );
    const file: FlightFile = JSON.parse(await Deno.readTextFile(paths.at(-1) ?? ""));
    assert.deepEqual(file, {
      host: "web-1",
      writtenAt: new Date(clock.wallTimeMs()).toISOString(),
      reason: "gave up; because: no port",
      events: [{
        number: 3,
        at: new Date(clock.wallTimeMs() - 500).toISOString(),
        path: "/agent",
        type: "started",
        detail: null,
      }],
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
