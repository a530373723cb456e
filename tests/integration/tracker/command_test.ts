/** `rollcall tracker` as a process: what it prints, what it serves, how it ends. */

import assert from "node:assert/strict";
import { TRACKER_SERVERS } from "../../../tracker/mod.ts";
import { rollcall } from "../cli/rollcall_process.ts";

const PROGRAM = new URL("../../../mod.ts", import.meta.url).pathname;

async function withCommand(
  args: string[],
  work: (printed: { announceUrl: string; udpAnnounceUrl?: string }) => Promise<void>,
): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--quiet",
      PROGRAM,
      "tracker",
      "--listen",
      "127.0.0.1:0",
      "--json",
      ...args,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.getReader();
  try {
    const { value } = await reader.read();
    await work(JSON.parse(new TextDecoder().decode(value)));
  } finally {
    child.kill("SIGTERM");
    await reader.cancel();
  }
  return (await child.status).code;
}

for (const server of TRACKER_SERVERS) {
  Deno.test(`rollcall tracker --server ${server}: HTTP and UDP on one port; its page is there; SIGTERM ends it`, async () => {
    const args = server === TRACKER_SERVERS[0] ? [] : ["--server", server];
    const status = await withCommand(args, async ({ announceUrl, udpAnnounceUrl }) => {
      assert.equal(announceUrl.replace("http:", "udp:"), udpAnnounceUrl);
      const page = await fetch(new URL("/", announceUrl));
      assert.match(await page.text(), /nobody has announced/);
    });
    assert.equal(status, 0);
  });
}

Deno.test("rollcall tracker: its help names both servers, and another one is status 2", async () => {
  const help = await rollcall("tracker", "--help");
  assert.match(help.stdout, /--server <name>[^]*"rollcall", "bittorrent-tracker",\s+default/);
  const other = await rollcall("tracker", "--server", "other");
  assert.equal(other.status, 2);
  assert.match(other.stderr, /Allowed choices are rollcall, bittorrent-tracker/);
});

Deno.test("rollcall tracker: --no-udp, and --allow serves only what the feed has", async () => {
  const feed = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => Response.json({ version: "https://jsonfeed.org/version/1.1", title: "t", items: [] }),
  );
  try {
    const url = `http://127.0.0.1:${feed.addr.port}/feed.json`;
    await withCommand(["--no-udp", "--allow", url], async (printed) => {
      assert.equal(printed.udpAnnounceUrl, undefined);
      const hash = "%ab".repeat(20);
      const reply = await fetch(
        `${printed.announceUrl}?info_hash=${hash}&peer_id=${hash}&port=1&left=0`,
      );
      assert.match(await reply.text(), /does not serve that info hash/);
    });
  } finally {
    await feed.shutdown();
  }
});
