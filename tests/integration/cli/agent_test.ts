import assert from "node:assert/strict";
import { rollcall } from "./rollcall_process.ts";

Deno.test("rollcall agent: a wrong config names each place, and the key that was meant", async () => {
  const path = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(
      path,
      [
        "host: web-1",
        "site: s1",
        "rack: r1",
        "zookeper: 127.0.0.1:2181",
        "dataDir: /nonexistent",
        "services:",
        "  A:",
        "    comand: [sleep, '1']",
        "    stopGrace: 5",
        "    health: { type: http }",
      ].join("\n"),
    );
    const { status, stderr } = await rollcall("agent", "--config", path);
    assert.equal(status, 2);
    assert.match(stderr, /zookeper: unknown key, did you mean "zookeeper"\?/);
    assert.match(stderr, /services\.A\.comand: unknown key, did you mean "command"\?/);
    assert.match(
      stderr,
      /services\.A\.stopGrace: expected a duration such as 500ms, 30s, 5m or 2h/,
    );
    assert.match(stderr, /services\.A\.health\.url: missing/);
    assert.doesNotMatch(stderr, /^\s+at /m);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("rollcall agent: what does not fit the machine is said before anything begins, with status 2", async () => {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-cli-" });
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    const path = `${folder}/agent.yaml`;
    await Deno.writeTextFile(`${folder}/file`, "");
    const address = `127.0.0.1:${taken.addr.port}`;
    await Deno.writeTextFile(
      path,
      JSON.stringify({
        host: "web-1",
        site: "s1",
        rack: "r1",
        zookeeper: "127.0.0.1:1",
        dataDir: `${folder}/file/data`,
        listen: address,
        actorsPort: 0,
        services: { A: { command: ["sleep", "1"], user: "no-such-user" } },
      }),
    );
    const { status, stderr, stdout } = await rollcall("agent", "--config", path);
    assert.equal(status, 2, stderr);
    assert.equal(stdout, "");
    const [first = "", ...lines] = stderr.trimEnd().split("\n");
    assert.match(first, /check config \S+agent\.yaml:$/);
    assert.equal(lines.length, 3, stderr);
    assert.match(lines[0] ?? "", /^ {2}dataDir: expected a folder that can be made.*file\/data: /);
    assert.match(
      lines[1] ?? "",
      new RegExp(`^  listen: expected a free port.*was ${address}: .*use`),
    );
    assert.match(lines[2] ?? "", /^ {2}services\.A\.user: expected a user of \/etc\/passwd/);
  } finally {
    taken.close();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("rollcall agent: a config that cannot work is refused by its places", async () => {
  const path = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(
      path,
      [
        "host: web-1",
        "site: 10",
        "rack: r1",
        "zookeeper: http://zk1:2181",
        "dataDir: /nonexistent",
        "services:",
        "  A:",
        "    command: [sleep, {blob}, '{blub}', '${HOME} {{print}}']",
        "    env: { PORT: 9000, SHARE: 1.10, NO: no }",
        "    health: { type: http, url: 'localhost:9000/x' }",
      ].join("\n"),
    );
    const { status, stderr } = await rollcall("agent", "--config", path);
    assert.equal(status, 2);
    const lines = stderr.trimEnd().split("\n").slice(1).map((line) => line.trim());
    assert.deepEqual(lines.toSorted(), [
      'services.A.command[1]: put it in quotes: "{blob}"',
      "services.A.command[2]: expected {blob}, {version}, {service} or {host}, was {blub}; " +
      "{{blub}} is that word in braces",
      'services.A.env.PORT: put it in quotes: "9000"',
      'services.A.env.SHARE: put it in quotes: "1.10"',
      "services.A.health.url: expected a URL such as http://127.0.0.1:9000/health",
      'site: put it in quotes: "10"',
      'zookeeper: expected servers such as zk1:2181,zk2:2181/prod, was "http://zk1:2181"',
    ]);
  } finally {
    await Deno.remove(path);
  }
});
