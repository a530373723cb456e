/**
 * What the program imports, as Deno sees it. Imports of types alone do not count: they are gone at run time.
 *
 * @module
 */

import { z } from "zod";
import { CompileError } from "./compile_error.ts";

/** The modules of a program. */
export interface ModuleGraph {
  /** The project's own, relative to the root, sorted. */
  readonly own: readonly string[];
  /** The files of npm packages that the project's own modules import, relative to the root, sorted. */
  readonly ofPackages: readonly string[];
}

const referenceSchema = z.looseObject({ specifier: z.string().optional() });
const infoSchema = z.looseObject({
  roots: z.array(z.string()),
  redirects: z.record(z.string(), z.string()).default({}),
  modules: z.array(z.looseObject({
    specifier: z.string(),
    error: z.string().optional(),
    dependencies: z.array(z.looseObject({ code: referenceSchema.optional() })).default([]),
  })),
});

/** Everything that the modules import, and they themselves. Throws a {@link CompileError} when one cannot be found. */
export async function readModuleGraph(
  root: string,
  modules: readonly string[],
): Promise<ModuleGraph> {
  const found = new Set<string>();
  for (const module of modules) {
    for (const path of await importsOf(root, module)) found.add(path);
  }
  const paths = [...found].sort();
  const isOfPackage = (path: string) => path.startsWith("node_modules/");
  return {
    own: paths.filter((path) => !isOfPackage(path)),
    ofPackages: paths.filter(isOfPackage),
  };
}

async function importsOf(root: string, module: string): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", module],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  if (!success) {
    const said = new TextDecoder().decode(stderr).trim();
    throw new CompileError(
      `compile: expected to learn what ${module} imports, deno info said: ${said}`,
    );
  }
  const info = infoSchema.parse(JSON.parse(new TextDecoder().decode(stdout)));
  const known = new Map(info.modules.map((entry) => [entry.specifier, entry]));
  const reached = new Set<string>();
  const pending = [...info.roots];
  for (let specifier = pending.pop(); specifier !== undefined; specifier = pending.pop()) {
    specifier = info.redirects[specifier] ?? specifier;
    if (reached.has(specifier) || specifier.startsWith("node:")) continue;
    reached.add(specifier);
    const { error, dependencies = [] } = known.get(specifier) ?? {};
    if (error !== undefined) {
      throw new CompileError(
        `compile: expected to find ${specifier}, ${error}. Run: deno task setup`,
      );
    }
    pending.push(...dependencies.flatMap(({ code }) => code?.specifier ?? []));
  }
  return [...reached].map((specifier) => relativePath(root, specifier));
}

function relativePath(root: string, specifier: string): string {
  const base = new URL(`file://${root.endsWith("/") ? root : `${root}/`}`).href;
  if (specifier.startsWith(base)) return decodeURIComponent(specifier.slice(base.length));
  throw new CompileError(`compile: expected only modules of the project, there was ${specifier}`);
}
