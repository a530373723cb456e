// Conformance: the four-letter words that tools send, and the texts that they read.
import assert from "node:assert/strict";
import { fourLetterWord } from "../../../real_zookeeper.ts";
import type { CaseContext } from "../servers.ts";

export const wordCases: Record<string, (context: CaseContext) => Promise<void>> = {
  async "words tell of connections, sessions, watches and ephemeral nodes"(context) {
    const zk = await context.client();
    await zk.create("/a");
    await zk.create("/e", "", { mode: "ephemeral" });
    const ignore = () => {};
    await zk.get("/a", { watch: ignore });
    // The lists are of watches on nodes and their data.
    await zk.children("/e", { watch: ignore });
    const ask = (word: string) => fourLetterWord(context.server.port, word);
    const sid = `0x${zk.sessionId.toString(16)}`;
    const [a, e] = [`${context.root}/a`, `${context.root}/e`];

    const cons = (await ask("cons")).split("\n");
    const own = cons.find((line) => line.includes(`sid=${sid}`)) ?? "";
    assert.match(own, /^ \/127\.0\.0\.1:\d+\[\d+\]\(queued=0,recved=\d+,sent=\d+,sid=0x/);
    assert.match(own, new RegExp(`[,(]to=${zk.sessionTimeoutMs}[,)]`));
    const est = Number(/[,(]est=(\d+)[,)]/.exec(own)?.[1]);
    assert.ok(Math.abs(est - Date.now()) < 600_000, own);
    // The question itself has no session.
    assert.ok(
      cons.some((line) => /^ \/127\.0\.0\.1:\d+\[0\]\(queued=0,recved=\d+,sent=\d+\)$/.test(line)),
    );

    assert.match(await ask("wchs"), /^\d+ connections watching \d+ paths\nTotal watches:\d+\n$/);
    assert.ok(`\n${await ask("wchp")}`.includes(`\n${a}\n\t${sid}\n`));
    const wchc = await ask("wchc");
    const watched = wchc.slice(wchc.indexOf(`${sid}\n`)).split("\n").slice(1)
      .filter((_, index, lines) => lines.slice(0, index + 1).every((one) => one.startsWith("\t")));
    assert.deepEqual(watched, [`\t${a}`]);

    const dump = await ask("dump");
    // A follower has another list of the sessions: the leader alone knows when they end.
    assert.match(
      dump,
      /^SessionTracker dump:\n(Session Sets \(\d+\)\/\(\d+\)|Global Sessions\(\d+\)):\n/,
    );
    assert.match(dump.slice(0, dump.indexOf("ephemeral nodes dump")), new RegExp(`\\s${sid}\\s`));
    assert.match(dump, /\nephemeral nodes dump:\nSessions with Ephemerals \(\d+\):\n/);
    assert.ok(dump.includes(`\n${sid}:\n\t${e}\n`), dump);
    assert.match(dump, /\nConnections dump:\nConnections Sets \(\d+\)\/\(\d+\):\n/);
    assert.ok(dump.includes(` sessionId: ${sid}\n`));
  },

  async "words tell of the settings and the disk, and reset the counters"(context) {
    const zk = await context.client();
    await zk.create("/a");
    const ask = (word: string) => fourLetterWord(context.server.port, word);
    const conf = new Map(
      (await ask("conf")).trim().split("\n").map((line) => {
        const [key = "", ...value] = line.split("=");
        return [key, value.join("=")];
      }),
    );
    assert.equal(conf.get("clientPort"), `${context.server.port}`);
    assert.equal(conf.get("tickTime"), "500");
    assert.equal(conf.get("minSessionTimeout"), "1000");
    assert.match(conf.get("dataDirSize") ?? "", /^\d+$/);
    assert.match(await ask("dirs"), /^datadir_size: \d+\nlogdir_size: \d+\n$/);
    const received = async () => Number(/\nReceived: (\d+)\n/.exec(await ask("srvr"))?.[1]);
    await Promise.all(Array.from({ length: 50 }, () => zk.exists("/a")));
    assert.ok(await received() >= 50);
    // Counted are also those who have gone.
    await zk.close();
    assert.ok(await received() >= 50);
    assert.equal(await ask("srst"), "Server stats reset.\n");
    assert.ok(await received() < 50);
    assert.equal(await ask("crst"), "Connection stats reset.\n");
    assert.ok(await received() < 50);
  },
};
