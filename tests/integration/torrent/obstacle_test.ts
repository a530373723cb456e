/** Why nothing arrives, as the swarm engine says it with real sockets: nobody answers, nobody has it, nobody can be reached. */

import assert from "node:assert/strict";
import { fastClock, publishBlob, startFixedTracker, startHost } from "./fault_world.ts";

const MIB = 1024 * 1024;
/** Far more than it takes: the test ends as soon as what it waits for is said. */
const PATIENCE_MS = 60_000;
const LOOK_MS = 20;

/** Fetches from that tracker until the reason is given, then lets the test go on with the host that fetches. */
async function expectObstacle(
  announceUrl: string,
  expected: RegExp,
  goOn: (fetching: { done: Promise<void>; metainfo: Uint8Array; root: string }) => Promise<void> =
    () => Promise.resolve(),
): Promise<void> {
  const { directory, metainfo, root, target } = await publishBlob(MIB, announceUrl);
  await using _directory = directory;
  const host = await startHost("web-1", { clock: fastClock });
  try {
    const transfer = host.fetch({ metainfo, root: target });
    const said = () => transfer.progress().obstacle ?? "nothing";
    for (let waitedMs = 0; !expected.test(said()); waitedMs += LOOK_MS) {
      assert.ok(waitedMs < PATIENCE_MS, `expected ${expected}, it says ${said()}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    await goOn({ done: transfer.done, metainfo, root });
    if (transfer.progress().verifiedBytes === MIB) assert.equal(said(), "nothing");
  } finally {
    await host.close();
  }
}

/** A port on which nobody listens, at least for now. */
function closedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

Deno.test("obstacle: a tracker that does not answer", async () => {
  const port = closedPort();
  await expectObstacle(
    `http://127.0.0.1:${port}/announce`,
    /^no tracker answers since \d\d:\d\d:\d\d UTC: announce to http:\/\/127\.0\.0\.1:\d+\/announce: .*; asked again within seconds$/,
  );
});

Deno.test("obstacle: a tracker that can never be asked", async () => {
  await expectObstacle(
    "udp://127.0.0.1:1/announce",
    /^the release names no tracker that can be asked/,
  );
});

Deno.test("obstacle: nobody has it, until the build machine seeds; then nothing is said any more", async () => {
  const ports: number[] = [];
  await using tracker = startFixedTracker(() => ports);
  await expectObstacle(
    tracker.announceUrl,
    /^the tracker http:\S+ knows nobody who has it: is its build machine seeding\?$/,
    async ({ done, metainfo, root }) => {
      const seeder = await startHost("build");
      try {
        await seeder.seed({ metainfo, root }).done;
        ports.push(seeder.port);
        await done;
      } finally {
        await seeder.close();
      }
    },
  );
});

Deno.test("obstacle: peers that refuse connections", async () => {
  const port = closedPort();
  await using tracker = startFixedTracker(() => [port]);
  await expectObstacle(
    tracker.announceUrl,
    new RegExp(`^no peer can be reached, such as 127\\.0\\.0\\.1:${port} \\(connection refused\\)`),
  );
});

Deno.test("obstacle: a peer that has nothing either", async () => {
  const ports: number[] = [];
  await using tracker = startFixedTracker((asker) => ports.filter((port) => port !== asker));
  const { directory, metainfo, target } = await publishBlob(MIB, tracker.announceUrl);
  await using _directory = directory;
  const other = await startHost("web-2");
  try {
    other.fetch({ metainfo, root: target });
    ports.push(other.port);
    await expectObstacle(
      tracker.announceUrl,
      /^1 peer is connected, and it has nothing that is missing here$/,
    );
  } finally {
    await other.close();
  }
});
