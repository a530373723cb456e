import assert from "node:assert/strict";
import type { FetcherMessage, FetchProgress } from "../../../../actors/fetcher/fetcher.ts";
import type {
  PinnedEvent,
  PinnerMessage,
  PinOutcome,
  PinProgress,
} from "../../../../actors/pinner/messages.ts";
import { pinnerActor } from "../../../../actors/pinner/pinner.ts";
import {
  ActorSystem,
  ask,
  spawnProbe,
  systemClock,
  Topic,
} from "../../../../actors/runtime/mod.ts";
import { PreparationError, prepare } from "../../../../actors/upgrade_coordinator/prepare.ts";
import { ReleaseStore } from "../../../../host/mod.ts";
import type { Release } from "../../../../rollout/mod.ts";

const RELEASE: Release = {
  service: "web",
  version: "v2",
  infoHash: "ab".repeat(20),
  sizeBytes: 1000,
  torrentUrl: null,
};

const RECEIVED = { version: "v2", rackBytes: 0, siteBytes: 0, remoteBytes: 0, reusedBytes: 0 };

const refused = (required: boolean): PinOutcome => ({
  ok: false,
  required,
  reason: "too much",
  advice: null,
});

/** Runs a preparation; the pinner answers `before` and `after` the fetch. Returns what was asked for, and the outcome. */
async function run(before: PinOutcome, after: PinOutcome) {
  const system = ActorSystem.create({ name: "test" });
  const asked: string[] = [];
  try {
    const fetcher = system.spawn<null, FetcherMessage>("fetcher", {
      init: () => null,
      receive(state, message) {
        if (message.type !== "prepare") return state;
        asked.push(message.isPinned ? "fetch to lock it" : "fetch");
        message.replyTo.tell({ ok: true, received: RECEIVED });
        return state;
      },
    });
    const pinner = system.spawn<null, PinnerMessage>("pinner", {
      init: () => null,
      receive(state, message) {
        if (message.type === "check") message.replyTo.tell(before);
        if (message.type === "pin") message.replyTo?.tell(after);
        return state;
      },
    });
    const received = await prepare(RELEASE, {
      isRunning: false,
      fetcher,
      pinner,
      progressTo: spawnProbe<FetchProgress | PinProgress>(system, "progress").ref,
      clock: systemClock,
      signal: new AbortController().signal,
      dropFromPageCache: (version) => Promise.resolve(void asked.push(`drop ${version}`)),
    });
    assert.deepEqual(received, RECEIVED);
    return asked;
  } finally {
    await system.stop();
  }
}

Deno.test("prepare: what will be locked is fetched to stay in memory, the rest is not", async () => {
  const locked: PinOutcome = { ok: true, lockedBytes: 1000 };
  const nothing: PinOutcome = { ok: true, lockedBytes: 0 };
  assert.deepEqual(await run(locked, locked), ["fetch to lock it"]);
  assert.deepEqual(await run(nothing, nothing), ["fetch", "drop v2"]);
  assert.deepEqual(await run(refused(false), refused(false)), ["fetch", "drop v2"]);
  assert.deepEqual(await run(locked, refused(false)), ["fetch to lock it", "drop v2"]);
});

Deno.test("prepare: what must be locked and cannot be is not fetched at all", async () => {
  await assert.rejects(run(refused(true), refused(true)), PreparationError);
});

Deno.test("pinner: says how much it would lock before anything is fetched", async () => {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-pinner-" });
  const system = ActorSystem.create({ name: "test" });
  try {
    const store = new ReleaseStore(folder, "web");
    await store.open();
    const answers: (number | false)[] = [];
    for (const [mode, limit] of [["off", 4096], ["preferred", 4096], ["preferred", 0]] as const) {
      const pinner = system.spawn(
        `pinner ${answers.length}`,
        pinnerActor({
          service: "web",
          store,
          config: { mode, limit, margin: 0 },
          keeperCommand: [],
          events: new Topic<PinnedEvent>("pinned"),
        }),
      );
      const outcome = await ask<PinnerMessage, PinOutcome>(
        pinner,
        (replyTo) => ({ type: "check", version: "v1", sizeBytes: 4096, replyTo }),
        { timeoutMs: 10_000, clock: systemClock },
      );
      answers.push(outcome.ok && outcome.lockedBytes);
    }
    assert.deepEqual(answers, [0, 4096, false]);
  } finally {
    await system.stop();
    await Deno.remove(folder, { recursive: true });
  }
});
