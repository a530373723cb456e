import assert from "node:assert/strict";
import { agentConfigSchema } from "../../../../actors/config/agent_config.ts";

function userOf(user: unknown): string | undefined | "refused" {
  const parsed = agentConfigSchema.safeParse({
    host: "web-1",
    site: "ams",
    rack: "r1",
    zookeeper: "127.0.0.1:2181",
    dataDir: "data",
    services: { web: { command: ["/bin/true"], ...user === undefined ? {} : { user } } },
  });
  return parsed.success ? parsed.data.services["web"]?.user : "refused";
}

Deno.test("agent config: a health check's time-out that is too long is told like any other mistake", () => {
  for (const timeout of ["11m", "0s", "1h"]) {
    const parsed = agentConfigSchema.safeParse({
      host: "web-1",
      site: "ams",
      rack: "r1",
      zookeeper: "127.0.0.1:2181",
      dataDir: "data",
      services: {
        web: { command: ["/bin/true"], health: { type: "tcp", port: 1, timeout } },
      },
    });
    assert.ok(!parsed.success, timeout);
    const [issue] = parsed.error.issues;
    assert.deepEqual(issue?.path, ["services", "web", "health", "timeout"]);
    assert.match(issue?.message ?? "", /expected/);
  }
});

Deno.test("agent config: user is a name, a number, or two numbers", () => {
  assert.equal(userOf(undefined), undefined);
  assert.equal(userOf("www-data"), "www-data");
  assert.equal(userOf("1000"), "1000");
  assert.equal(userOf(1000), "1000");
  assert.equal(userOf("1000:1001"), "1000:1001");
  for (
    const user of ["", "-1", -1, 1.5, "a b", "../root", "root:x", "1000:", "x".repeat(40), null, []]
  ) {
    assert.equal(userOf(user), "refused", JSON.stringify(user));
  }
});

/** What is wrong with a service, by its place; or what it became. */
function serviceOf(keys: Record<string, unknown>) {
  const parsed = agentConfigSchema.safeParse({
    host: "web-1",
    site: "ams",
    rack: "r1",
    zookeeper: "127.0.0.1:2181",
    dataDir: "data",
    services: { web: { command: ["/bin/true"], ...keys } },
  });
  if (parsed.success) return parsed.data.services["web"];
  return parsed.error.issues.map(({ path, message }) => `${path.slice(2).join(".")}: ${message}`)
    .join("\n");
}

Deno.test("agent config: ulimits are one number for both, or a soft and a hard one", () => {
  const ulimits = {
    nofile: { soft: 1024, hard: "unlimited" },
    memlock: "8M",
    core: 0,
    nproc: "unlimited",
  };
  const web = serviceOf({ ulimits });
  assert.ok(typeof web === "object");
  assert.deepEqual(web.ulimits, {
    nofile: { soft: 1024, hard: Infinity },
    memlock: { soft: 8 * 1024 ** 2, hard: 8 * 1024 ** 2 },
    core: { soft: 0, hard: 0 },
    nproc: { soft: Infinity, hard: Infinity },
  });
  assert.match(
    String(serviceOf({ ulimits: { nofile: { soft: 2, hard: 1 } } })),
    /ulimits.nofile: .*soft/,
  );
  for (const wrong of [{ files: 1 }, { nofile: "many" }, { nofile: -1 }, { nofile: { soft: 1 } }]) {
    assert.match(String(serviceOf({ ulimits: wrong })), /^ulimits/, JSON.stringify(wrong));
  }
  assert.match(String(serviceOf({ oomScoreAdjust: 1001 })), /^oomScoreAdjust/);
  assert.match(String(serviceOf({ stopSignal: "SIGKILL" })), /^stopSignal/);
  assert.match(String(serviceOf({ group: "a b" })), /^group: expected a group/);
});
