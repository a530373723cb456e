// What a program loads that wants the client alone, or the coordinator without its page.
import assert from "node:assert/strict";

interface Dependency {
  code?: { specifier?: string };
  isDynamic?: boolean;
}

interface Graph {
  roots: string[];
  modules: { specifier: string; dependencies?: Dependency[] }[];
}

/** The modules that loading `file` loads at once. */
async function loaded(file: string): Promise<string[]> {
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", file],
    stderr: "inherit",
  }).output();
  assert.ok(success);
  const { roots, modules }: Graph = JSON.parse(new TextDecoder().decode(stdout));
  const byName = new Map(modules.map((module) => [module.specifier, module]));
  const seen = new Set(roots);
  for (const specifier of seen) {
    for (const { code, isDynamic } of byName.get(specifier)?.dependencies ?? []) {
      if (isDynamic !== true && code?.specifier !== undefined) seen.add(code.specifier);
    }
  }
  return [...seen];
}

const folder = new URL("../../../zookeeper/", import.meta.url);

Deno.test("zookeeper/mod.ts: the client needs no package, and loads nothing of the coordinator", async () => {
  const modules = await loaded(new URL("mod.ts", folder).href);
  assert.ok(modules.some((each) => each.endsWith("/client/session/session.ts")));
  const foreign = modules.filter((each) =>
    !each.startsWith(folder.href) && !each.startsWith("node:") ||
    each.includes("/server/")
  );
  assert.deepEqual(foreign, []);
});

Deno.test("zookeeper/server/mod.ts: needs no package until somebody asks for its page", async () => {
  const modules = await loaded(new URL("server/mod.ts", folder).href);
  assert.ok(modules.some((each) => each.endsWith("/server/coordinator.ts")));
  const foreign = modules.filter((each) =>
    !each.startsWith(folder.href) && !each.startsWith("node:") ||
    each.endsWith("/admin/server.ts")
  );
  assert.deepEqual(foreign, []);
});
