import assert from "node:assert/strict";
import {
  commandSchema,
  expandCommand,
  expandHealthCheck,
  expandTemplate,
  healthCheckSchema,
  unknownPlaceholder,
} from "../../../../host/mod.ts";

const values = { blob: "/data/web/v2", version: "v2", service: "web", host: "web-1" };

Deno.test("expandTemplate fills the four words in and leaves all other braces alone", () => {
  assert.equal(
    expandTemplate("{blob}:{version}:{service}:{host}:{version}", values),
    "/data/web/v2:v2:web:web-1:v2",
  );
  assert.equal(
    expandTemplate('awk {print} ${HOME} {"a":1}', values),
    'awk {print} ${HOME} {"a":1}',
  );
});

Deno.test("expandTemplate does not expand what it has filled in", () => {
  assert.equal(expandTemplate("{blob}", { ...values, blob: "/x/{host}/$&" }), "/x/{host}/$&");
});

Deno.test("expandCommand fills argv, env and cwd, which defaults to the release", () => {
  const command = commandSchema.parse({
    argv: ["{blob}/run", "--v={version}"],
    env: { H: "{host}" },
  });
  assert.deepEqual(expandCommand(command, values), {
    argv: ["/data/web/v2/run", "--v=v2"],
    env: { H: "web-1" },
    cwd: "/data/web/v2",
  });
  assert.equal(
    expandCommand(commandSchema.parse({ argv: ["x"], cwd: "{blob}/bin" }), values).cwd,
    "/data/web/v2/bin",
  );
});

Deno.test("expandHealthCheck fills url, host and argv", () => {
  const http = healthCheckSchema.parse({ type: "http", url: "http://{host}:80/{version}" });
  const exec = healthCheckSchema.parse({ type: "exec", argv: ["{blob}/check"] });
  assert.deepEqual(expandHealthCheck(http, values), { ...http, url: "http://web-1:80/v2" });
  assert.deepEqual(expandHealthCheck(exec, values), { ...exec, argv: ["/data/web/v2/check"] });
});

Deno.test("healthCheckSchema and commandSchema refuse unknown keys and empty commands", () => {
  const wrong: unknown[] = [
    { type: "http", url: "http://x", expect: 200 },
    { type: "tcp", port: 0 },
    { type: "exec", argv: [] },
    { type: "udp", port: 1 },
    { type: "tcp", port: 1, timeoutMs: 0 },
  ];
  for (const each of wrong) assert.equal(healthCheckSchema.safeParse(each).success, false);
  assert.equal(commandSchema.safeParse({ argv: [] }).success, false);
  assert.equal(commandSchema.safeParse({ argv: ["x"], user: "root" }).success, false);
});

Deno.test("unknownPlaceholder finds a word in braces that stands for nothing, and leaves others' braces alone", () => {
  assert.equal(unknownPlaceholder("--data {blob} {blub} {x}"), "blub");
  for (
    const text of [
      "{blob}/{version}",
      "${HOME} ${blub}",
      "%{http_code}",
      "{print $1}",
      '{"a": {}}',
      "{a,b}",
      "{{print}}",
      "{}",
      "\\{x}",
    ]
  ) {
    assert.equal(unknownPlaceholder(text), undefined, text);
  }
  const values = { blob: "/b", version: "v1", service: "s", host: "h" };
  assert.equal(
    expandTemplate("{blob} {{blob}} ${blob} {print $1} {{x}}", values),
    "/b {blob} ${blob} {print $1} {x}",
  );
});
