/** A seed that no tracker knows says so in the log of its engine: nobody finds it. */

import assert from "node:assert/strict";
import bencode from "bencode";
import { type Log, silentLog } from "../../../base/log.ts";
import { ENGINE_NAMES, ENGINES } from "../../../torrent/mod.ts";
import { fastClock, locality, publishBlob } from "./fault_world.ts";

const SIZE_BYTES = 64 * 1024;
/** Far more than it takes. */
const PATIENCE_MS = 30_000;

/** Seeds a release with that tracker until something is warned of, and again until it was announced more often. */
async function warningsOf(
  engineName: typeof ENGINE_NAMES[number],
  announceUrl: string,
  untilAskedOften: () => Promise<void>,
): Promise<string[]> {
  const { directory, metainfo, root } = await publishBlob(SIZE_BYTES, announceUrl);
  await using _directory = directory;
  const warnings: string[] = [];
  const warned = Promise.withResolvers<void>();
  const log: Log = {
    ...silentLog,
    warn(message, properties = {}) {
      warnings.push(message.replaceAll(/\{(\w+)\}/g, (_, name) => String(properties[name])));
      warned.resolve();
    },
  };
  const engine = await ENGINES[engineName]({
    locality: locality("build"),
    hostname: "127.0.0.1",
    clock: fastClock,
    log,
  });
  try {
    await engine.seed({ metainfo, root }).done;
    const timer = setTimeout(() => warned.reject(new Error("no warning")), PATIENCE_MS);
    await warned.promise.finally(() => clearTimeout(timer));
    await untilAskedOften();
  } finally {
    await engine.close();
  }
  return warnings;
}

for (const engine of ENGINE_NAMES) {
  Deno.test(`${engine}: a tracker that refuses a seed is named in the log with its reason, once a minute`, async () => {
    let asked = 0;
    const often = Promise.withResolvers<void>();
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
      if (++asked >= 5) often.resolve();
      const refusal = { "failure reason": "250 releases began with an announce of you already" };
      return new Response(new Uint8Array(bencode.encode(refusal)));
    });
    const url = `http://127.0.0.1:${server.addr.port}/announce`;
    const warnings = await warningsOf(engine, url, () => often.promise);
    await server.shutdown();
    assert.match(
      warnings[0] ?? "",
      /^a tracker refuses web 1\.0 \([0-9a-f]{40}\): announce to http:.*: refused: 250 releases began/,
    );
    // The clock is twenty times as fast.
    assert.ok(warnings.length <= 2, warnings.join("\n"));
  });

  Deno.test(`${engine}: a seed that no tracker answers says so`, async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const url = `http://127.0.0.1:${listener.addr.port}/announce`;
    listener.close();
    const [warning = ""] = await warningsOf(engine, url, () => Promise.resolve());
    assert.match(
      warning,
      /^no tracker knows that web 1\.0 is seeded here: announce to http:.*: tcp connect error: Connection refused/,
    );
  });
}
