import assert from "node:assert/strict";
import fc from "fast-check";
import { stringify } from "yaml";
import { z } from "zod";
import { agentConfigSchema } from "../../../../actors/config/agent_config.ts";
import { UsageError } from "../../../../cli/shared/errors.ts";
import { parseYaml, readYamlFile } from "../../../../cli/shared/yaml_file.ts";
import { planSchema } from "../../../../rollout/mod.ts";
import { fuzzInputs } from "../../../support/fuzz.ts";

const schema = z.strictObject({ name: z.string(), list: z.array(z.string()).default([]) });

function problemOf(text: string): string {
  try {
    parseYaml(text, { path: "test.yaml", kind: "config", schema });
    return "";
  } catch (error) {
    assert.ok(error instanceof UsageError, `${error}`);
    return error.message;
  }
}

Deno.test("parseYaml: aliases are followed, and errors in them name the file", () => {
  const { list } = parseYaml("name: &n web\nlist: [*n, *n]", {
    path: "test.yaml",
    kind: "config",
    schema,
  });
  assert.deepEqual(list, ["web", "web"]);
  assert.match(
    problemOf("name: *nothing"),
    /^read config test\.yaml: not valid YAML:\n {2}.*nothing/,
  );
  const bomb = ["a: &a [x,x,x,x,x,x,x,x,x,x]"];
  for (let level = 1; level < 9; level++) {
    bomb.push(
      `a${level}: &a${level} [${Array(10).fill(`*a${level === 1 ? "" : level - 1}`).join(",")}]`,
    );
  }
  assert.match(
    problemOf(bomb.join("\n")),
    /^read config test\.yaml: not valid YAML:\n {2}Excessive alias/,
  );
});

Deno.test("parseYaml: nesting without end is an error of the file, not of the program", () => {
  assert.match(problemOf("[".repeat(100_000)), /^read config test\.yaml: /);
  assert.match(problemOf(`name: ${"{a: ".repeat(20_000)}`), /^read config test\.yaml: /);
});

Deno.test("parseYaml: what YAML does not take for text is shown in quotes, as it is written", () => {
  assert.equal(
    problemOf("name: 1.10\nlist: [ok, true, {blob}, 0x1F, ~, [a]]"),
    "read config test.yaml:\n" +
      ["name", "list[1]", "list[2]", "list[3]", "list[4]", "list[5]"].map((place, index) =>
        `  ${place}: put it in quotes: ${
          ['"1.10"', '"true"', '"{blob}"', '"0x1F"', '"~"', '"[a]"'][index]
        }`
      ).join("\n"),
  );
  assert.match(problemOf("name:\n  a: b\n  c: d\n"), /name: .*expected string, received object/);
  assert.match(problemOf("{}"), /name: missing/);
});

Deno.test("parseYaml: a file that is empty, or has comments alone, is said to be so", () => {
  assert.equal(problemOf(""), "read config test.yaml: the file is empty");
  assert.equal(problemOf("# nothing yet\n"), "read config test.yaml: the file is empty");
});

function problemsOfPlan(services: string): string[] {
  try {
    parseYaml(`services: ${services}`, { path: "p.yaml", kind: "plan", schema: planSchema });
    return [];
  } catch (error) {
    assert.ok(error instanceof UsageError, `${error}`);
    return error.message.split("\n").slice(1);
  }
}

Deno.test("parseYaml: of what may be one thing or another, only the mistakes of the likeliest are told", () => {
  // A gate is an item of its own, and a field of a wave for each site.
  assert.deepEqual(
    problemsOfPlan("{ a: { version: v2, waves: [1, { gate: { url: 'ftp://x' } }, all] } }"),
    ["  services.a.waves[1].gate.url: expected a URL such as https://metrics/ok"],
  );
});

Deno.test("parseYaml: a number or a word that will not do is told as it stands in the file", () => {
  assert.deepEqual(
    problemsOfPlan("{ a: { version: v2, policy: { maxFailures: -1 } } }"),
    ["  services.a.policy.maxFailures: Too small: expected number to be >=0, was -1"],
  );
  assert.deepEqual(
    problemsOfPlan("{ a: { version: v2 } }\nonFailure: explode"),
    ['  onFailure: Invalid option: expected one of "halt"|"rollback", was explode'],
  );
});

Deno.test("parseYaml: many errors are shown in part", () => {
  const lines = problemOf("}\n".repeat(500)).split("\n");
  assert.ok(lines.length < 200, `${lines.length} lines`);
});

Deno.test("readYamlFile: a file that never ends, or is too large, is refused with its name", async () => {
  await assert.rejects(
    readYamlFile("/dev/zero", "plan", schema),
    /^UsageError: read plan \/dev\/zero: expected at most 1048576 bytes, there were more$/,
  );
  await assert.rejects(
    readYamlFile("/nothing.yaml", "plan", schema),
    /read plan \/nothing\.yaml: no such file/,
  );
});

const CONFIG = stringify({
  host: "web-1",
  site: "ams",
  rack: "r1",
  zookeeper: "127.0.0.1:2181",
  dataDir: "/var/lib/rollcall",
  limits: { upload: "1G" },
  services: { web: { command: ["true"], health: { type: "tcp", port: 80 }, pin: { mode: "off" } } },
});
const PLAN = stringify({
  feed: "http://build:8080/feed.json",
  services: { web: { version: "v1", dependsOn: [], policy: { quorum: "75%", maxUnavailable: 1 } } },
  order: ["web"],
});

Deno.test("parseYaml: any text is a config or a plan, or one message that names the file", () => {
  const token = fc.constantFrom(
    ...[
      "\n",
      "  ",
      "- ",
      ": ",
      "? ",
      "&a ",
      "*a",
      "!!map ",
      "!!binary ",
      "<<: ",
      "{",
      "}",
      "[",
      "]",
    ],
    ...[
      "|",
      ">",
      "'",
      '"',
      "#",
      "%YAML 1.2\n---\n",
      "...",
      "~",
      "1e999",
      "0x",
      "\t",
      "\0",
      "\ud800",
    ],
    ...["services", "web", "command", "__proto__", "constructor", "order", "policy", "-1", "5s"],
  );
  const random = fc.array(fc.oneof(token, fc.string({ unit: "binary", maxLength: 6 })), {
    maxLength: 40,
  }).map((parts) => parts.join(""));
  const mutated = fc.record({
    base: fc.constantFrom(CONFIG, PLAN),
    at: fc.nat(),
    cut: fc.nat(12),
    put: random,
  }).map(({ base, at, cut, put }) => {
    const place = at % base.length;
    return base.slice(0, place) + put + base.slice(place + cut);
  });
  fc.assert(
    fc.property(fc.oneof(random, mutated), (text) => {
      for (const each of [agentConfigSchema, planSchema]) {
        try {
          parseYaml<unknown>(text, { path: "test.yaml", kind: "file", schema: each });
        } catch (error) {
          assert.ok(error instanceof UsageError, `${error}`);
          assert.ok(error.message.startsWith("read file test.yaml:"), error.message);
        }
      }
    }),
    fuzzInputs(400),
  );
});
