/** What the README and the operator's page tell people to type is taken: command lines, configs, plans. */

import assert from "node:assert/strict";
import { z } from "zod";
import { agentConfigSchema } from "../../../actors/config/agent_config.ts";
import { createProgram } from "../../../cli/program.ts";
import { parseYaml } from "../../../cli/shared/yaml_file.ts";
import { planSchema } from "../../../rollout/mod.ts";
import { readPages } from "./pages.ts";

const PAGES = readPages().filter(({ path }) =>
  ["README.md", "docs/operating.md", "docs/zookeeper.md"].includes(path)
);

/** The page's blocks of code, by the language that they say. */
function codeBlocks(text: string): { language: string; code: string }[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .map(([, language = "", code = ""]) => ({ language, code }));
}

/** What a file is filled with by a shell (`cat > FILE <<'EOF'`), and the blocks of YAML. */
function yamlOf(text: string): string[] {
  return codeBlocks(text).flatMap(({ language, code }) =>
    language === "yaml" ? [code] : [...code.matchAll(/<<'EOF'\n([\s\S]*?)^EOF$/gm)]
      .map(([, file = ""]) => file).filter((file) => /^\w+:/.test(file))
  );
}

/** The arguments of a command line as a shell splits it, up to its comment. */
function argumentsOf(line: string): string[] {
  const words = line.match(/#.*|'[^']*'|"[^"]*"|[^\s'"#][^\s'"]*/g) ?? [];
  const end = words.findIndex((word) => word.startsWith("#"));
  return (end < 0 ? words : words.slice(0, end)).map((word) =>
    word.replace(/^(['"])(.*)\1$/, "$2")
  );
}

/** Every command line of the program in the page's blocks, without the program. */
function commandsOf(text: string): string[][] {
  return codeBlocks(text).flatMap(({ code }) =>
    code.replaceAll(/\\\n\s*/g, "").replaceAll(/<<'EOF'\n[\s\S]*?^EOF$/gm, "").split("\n")
      .flatMap((line) => {
        const [, program, rest = ""] =
          /^\s*(?:ExecStart=\S*\/)?(rollcall|deno task rollout) ((?!- ).*)$/.exec(line) ?? [];
        if (program === undefined) return [];
        return [[...program === "rollcall" ? [] : ["rollout"], ...argumentsOf(rest)]];
      })
  );
}

/** Parses a command line as the program does; the command is not run. */
async function parse(args: readonly string[]): Promise<void> {
  const program = createProgram();
  const quiet = { writeOut: () => {}, writeErr: () => {} };
  const silence = (command: ReturnType<typeof createProgram>) => {
    command.configureOutput(quiet).exitOverride();
    if (command !== program) command.action(() => {});
    for (const inner of command.commands) silence(inner as typeof command);
  };
  silence(program);
  await program.parseAsync([...args], { from: "user" });
}

for (const { path, text } of PAGES) {
  Deno.test(`${path}: its command lines are taken`, async () => {
    const commands = commandsOf(text);
    for (const args of commands) {
      if (args.includes("--version")) continue;
      await assert.doesNotReject(parse(args), `rollcall ${args.join(" ")}`);
    }
    if (path !== "docs/zookeeper.md") assert.ok(commands.length >= 8, `${commands.length} found`);
  });

  Deno.test(`${path}: its configs and plans are taken`, () => {
    for (const file of yamlOf(text)) {
      if (file.startsWith("host:")) {
        parseYaml(file, { path, kind: "config", schema: agentConfigSchema });
      }
      if (file.startsWith("feed:")) parseYaml(file, { path, kind: "plan", schema: planSchema });
    }
  });
}

/** The names of all keys that a schema of objects within objects knows. */
function keysOf(schema: unknown): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) =>
    key === "properties" ? [...Object.keys(value), ...keysOf(Object.values(value))] : keysOf(value)
  );
}

for (const [name, schema] of Object.entries({ config: agentConfigSchema, plan: planSchema })) {
  Deno.test(`docs/operating.md: shows every key of the ${name}`, () => {
    const page = PAGES.find(({ path }) => path === "docs/operating.md")?.text ?? "";
    const shown = codeBlocks(page).map(({ code }) => code).join("\n") + page;
    const keys = keysOf(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }));
    assert.ok(keys.length > 5, `${keys.length} keys`);
    assert.deepEqual(keys.filter((key) => !new RegExp(`\\b${key}:`).test(shown)), []);
  });
}

Deno.test("argumentsOf: quotes, comments, and what only looks like one", () => {
  assert.deepEqual(argumentsOf(`fetch 'magnet:?xt=a&b' --to /x#y  # the newest`), [
    "fetch",
    "magnet:?xt=a&b",
    "--to",
    "/x#y",
  ]);
});

Deno.test("parse: refuses what the program refuses", async () => {
  await assert.rejects(parse(["rollout", "plan.yaml", "--chek"]), /unknown option/);
  await assert.rejects(parse(["nothing"]), /unknown command/);
});
