/**
 * The project's own source files, as the tests of its architecture look at them: text, with comments and the contents of
 * strings taken out where only code counts. No parser: enough for rules about imports and names.
 *
 * @module
 */

const ROOT = new URL("../../../", import.meta.url);

/** Folders that are no part of the project's own code. */
const EXEMPT = new Set(["node_modules", "dist", "stand_ins"]);

/** One TypeScript file. */
export interface Source {
  /** Relative to the root, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** Every TypeScript file of the project, tests included, by path. */
export function readSources(): Source[] {
  return listPaths("").map((path) => ({ path, text: Deno.readTextFileSync(new URL(path, ROOT)) }));
}

/** What `deno.json` maps bare specifiers to. */
export function readImportMap(): Record<string, string> {
  const { imports } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
  return imports;
}

/** Whether a file is part of the program, and not of its tests or scripts. */
export function isProduction({ path }: Source): boolean {
  return !path.startsWith("tests/") && !path.startsWith("scripts/");
}

/** The file's name without its folders. */
export function fileName({ path }: Source): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function listPaths(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].flatMap((entry) => {
    const path = folder + entry.name;
    if (entry.isDirectory) {
      return EXEMPT.has(entry.name) || entry.name.startsWith(".") ? [] : listPaths(`${path}/`);
    }
    return entry.name.endsWith(".ts") ? [path] : [];
  }).sort();
}

/** Comments and strings, in the order in which they begin; a template's substitutions count as its text. */
const TOKENS =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[\s\S])*`/g;

/** The text without comments; strings stay. */
export function withoutComments(text: string): string {
  return text.replace(TOKENS, (token) => token.startsWith("/") ? " " : token);
}

/** The text without comments, and with nothing inside of its plain strings; templates stay, for they hold code. */
export function onlyCode(text: string): string {
  return withoutComments(text).replace(TOKENS, (token) => token.startsWith("`") ? token : '""');
}

/** One import: what it names, and whether it is for types alone, which leaves no trace when the program runs. */
export interface Import {
  readonly specifier: string;
  readonly isTypeOnly: boolean;
}

/** What a file imports, re-exports, or loads later, in the order in which it says so. */
export function findImports(text: string): Import[] {
  const code = withoutComments(text);
  // A template may hold a whole program as text; what it loads by `import()` counts all the same.
  const statements = code.replace(
    TOKENS,
    (token) => token.startsWith("`") ? "`".padEnd(token.length - 1) + "`" : token,
  );
  const found = [
    ...statements.matchAll(
      /(?:^|[;}\s])(?:import|export)\s([^;"'`()]*?)\bfrom\s*["']([^"']+)["']/g,
    ),
    ...statements.matchAll(/(?:^|[;}\s])import\s*()["']([^"']+)["']/g),
    ...code.matchAll(/\bimport\s*(\()\s*["'`]([^"'`]+)["'`]/g),
  ];
  return found.sort((a, b) => a.index - b.index).flatMap(([, what = "", specifier]) =>
    specifier === undefined ? [] : [{ specifier, isTypeOnly: isTypeOnly(what) }]
  );
}

/** Of what stands between `import` and `from`. */
function isTypeOnly(what: string): boolean {
  if (/^type\s/.test(what)) return true;
  const [, names] = /^\{([^}]*)\}\s*$/.exec(what) ?? [];
  return names !== undefined && names.split(",").every((name) => /^\s*(type\s|$)/.test(name));
}

/** The specifiers of {@link findImports}. */
export function findSpecifiers(text: string): string[] {
  return findImports(text).map(({ specifier }) => specifier);
}

/** The path that a relative specifier leads to, from the root. */
export function resolveSpecifier({ path }: Source, specifier: string): string {
  return new URL(specifier, `file:///${path}`).pathname.slice(1);
}
