/**
 * The project's pages for people, as the tests of them look at them: links, headings, and what stands between backticks.
 * No parser of Markdown: enough for the pages that are here.
 *
 * @module
 */

/** The project's root. */
export const ROOT = new URL("../../../", import.meta.url);

/** One page. */
export interface Page {
  /** Relative to the root, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** Every page: the README, the change log and all below `docs/`, by path. */
export function readPages(): Page[] {
  return ["README.md", "CHANGELOG.md", "stand_ins/README.md", ...listPages("docs/")]
    .map((path) => ({ path, text: Deno.readTextFileSync(new URL(path, ROOT)) }));
}

function listPages(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].flatMap((entry) => {
    const path = folder + entry.name;
    if (entry.isDirectory) return listPages(`${path}/`);
    return entry.name.endsWith(".md") ? [path] : [];
  }).sort();
}

/** The page's text without its blocks of code. */
export function withoutCodeBlocks(text: string): string {
  return text.replaceAll(/^( *)```[^\n]*\n[\s\S]*?^\1```$/gm, "");
}

/** Where the page's links and pictures lead: what stands between the brackets. */
export function findLinks(text: string): string[] {
  const code = withoutCodeBlocks(text).replaceAll(/`[^`\n]*`/g, "");
  return [
    ...code.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g),
    ...code.matchAll(/\b(?:src|srcset|href)="([^"]+)"/g),
  ].flatMap(([, target]) => target === undefined ? [] : [target]);
}

/** What stands between single backticks, blocks of code left out. A line may break within. */
export function findCodeSpans(text: string): string[] {
  return [...withoutCodeBlocks(text).matchAll(/`([^`]+)`/g)].flatMap(([, code]) =>
    code === undefined ? [] : [code.replaceAll(/\s+/g, " ")]
  );
}

/** The anchors of the page's headings, as GitHub forms them. */
export function findAnchors(text: string): string[] {
  const anchors: string[] = [];
  for (const [, heading = ""] of withoutCodeBlocks(text).matchAll(/^#{1,6} +(.+?) *$/gm)) {
    const anchor = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, "").replaceAll(" ", "-");
    const again = anchors.filter((one) => one === anchor || one.startsWith(`${anchor}~`)).length;
    anchors.push(again === 0 ? anchor : `${anchor}~${again}`);
  }
  return anchors.map((anchor) => anchor.replace("~", "-"));
}
