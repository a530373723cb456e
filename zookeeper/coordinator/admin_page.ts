// The HTML of the coordinator's page: figures, sessions, and one node of the tree. Pure text; no script.
import { childPath, parentPath } from "../paths.ts";

/** The figures of a coordinator, for its page and for programs. */
export interface AdminFacts {
  /** Where clients connect. */
  connectString: string;
  /** Where the data is; undefined: in memory alone. */
  dataDir: string | undefined;
  upTimeMs: number;
  /** The id of the last change, in hexadecimal. */
  zxid: string;
  nodes: number;
  ephemerals: number;
  watches: number;
  dataSizeBytes: number;
  commitsPerSecond: number;
  changesPerSecond: number;
  sessions: {
    /** In hexadecimal, as other tools show it. */
    id: string;
    timeoutMs: number;
    /** Its client's address; undefined while it is not connected. */
    client: string | undefined;
    silentMs: number;
    ephemerals: number;
  }[];
}

/** One node as the page shows it. */
export interface NodeView {
  children: string[];
  version: number;
  ephemeralOwner: string | undefined;
  mtimeMs: number;
  dataSizeBytes: number;
  /** The data as text; undefined if it is none, is long, or not everybody may read it. */
  text: string | undefined;
}

/** More children or sessions than anybody reads; the rest is counted. */
const maxListed = 500;

/** The whole page. `node` is undefined where there is none. */
export function adminPage(
  facts: AdminFacts,
  { path, node }: { path: string; node: NodeView | undefined },
): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="3">
<title>Coordinator ${escaped(facts.connectString)}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>Coordinator <code>${escaped(facts.connectString)}</code></h1>
<p>ZooKeeper's protocol for one machine${
    facts.dataDir === undefined
      ? ", in memory: the data ends with the process"
      : `, data in <code>${escaped(facts.dataDir)}</code>`
  }. For more than one machine use a ZooKeeper ensemble of three or five servers.</p>
</header>
<dl>${
    figures(facts).map(([name, value]) => `<div><dt>${name}</dt><dd>${escaped(value)}</dd></div>`)
      .join("")
  }</dl>
<main>
<section><h2>${breadcrumbs(path)}</h2>${nodePart(path, node)}</section>
<section><h2>Sessions</h2>${sessionPart(facts)}</section>
</main>
</body>
</html>
`;
}

function figures(facts: AdminFacts): [string, string][] {
  return [
    ["sessions", number(facts.sessions.length)],
    ["nodes", number(facts.nodes)],
    ["ephemeral", number(facts.ephemerals)],
    ["watches", number(facts.watches)],
    ["data", bytes(facts.dataSizeBytes)],
    ["commits/s", number(Math.round(facts.commitsPerSecond))],
    ["changes/s", number(Math.round(facts.changesPerSecond))],
    ["last change", facts.zxid],
    ["up", duration(facts.upTimeMs)],
  ];
}

function breadcrumbs(path: string): string {
  const links = ['<a href="?path=/">/</a>'];
  let at = "";
  for (const name of path.split("/").filter((part) => part !== "")) {
    at += `/${name}`;
    links.push(link(at, name));
  }
  return links.join(" <span>›</span> ");
}

function nodePart(path: string, node: NodeView | undefined): string {
  if (node === undefined) {
    return `<p>There is no such node. ${
      link(parentPath(path.startsWith("/") ? path : "/"), "Up")
    }</p>`;
  }
  const { children, version, ephemeralOwner, mtimeMs, dataSizeBytes, text } = node;
  const about = [
    `version ${version}`,
    bytes(dataSizeBytes),
    `changed ${new Date(mtimeMs).toISOString().slice(0, 19).replace("T", " ")} UTC`,
    ...(ephemeralOwner === undefined ? [] : [`ephemeral, of session ${ephemeralOwner}`]),
  ].join(" · ");
  const listed = children.toSorted().slice(0, maxListed);
  const more = children.length - listed.length;
  return `<p class="quiet">${escaped(about)}</p>${
    text === undefined || text === "" ? "" : `<pre>${escaped(text)}</pre>`
  }${
    children.length === 0
      ? '<p class="quiet">No children.</p>'
      : `<ul>${
        listed.map((name) => `<li>${link(childPath(path, name), name)}</li>`).join("")
      }</ul>${more > 0 ? `<p class="quiet">and ${number(more)} more</p>` : ""}`
  }`;
}

function sessionPart({ sessions }: AdminFacts): string {
  if (sessions.length === 0) return '<p class="quiet">None.</p>';
  const rows = sessions.slice(0, maxListed).map((session) =>
    `<tr><td><code>${escaped(session.id)}</code></td><td>${
      session.client === undefined
        ? '<span class="quiet">not connected</span>'
        : escaped(session.client)
    }</td><td>${duration(session.timeoutMs)}</td><td>${duration(session.silentMs)}</td><td>${
      number(session.ephemerals)
    }</td></tr>`
  );
  return `<table><tr><th>session</th><th>client</th><th>time-out</th><th>silent for</th>` +
    `<th>ephemeral</th></tr>${rows.join("")}</table>`;
}

function link(path: string, text: string): string {
  return `<a href="?path=${encodeURIComponent(path)}">${escaped(text)}</a>`;
}

function number(value: number): string {
  return value.toLocaleString("en");
}

function bytes(value: number): string {
  if (value < 1024) return `${value} B`;
  if (value < 1024 ** 2) return `${(value / 1024).toFixed(1)} KiB`;
  return `${(value / 1024 ** 2).toFixed(1)} MiB`;
}

function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${(ms / 1000).toFixed(1)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds % 3600 / 60)} min`;
}

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Whoever writes a node must not write the page. */
function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? "");
}

const style = `
:root { color-scheme: light dark; --line: light-dark(#e2e2e8, #34343c); --quiet: light-dark(#6b6b76, #9a9aa6);
  --accent: light-dark(#2456c9, #8fb2ff); --card: light-dark(#fff, #1d1d22); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 2rem 1.25rem 4rem; font: 15px/1.5 system-ui, sans-serif;
  background: light-dark(#f6f6f9, #131316); }
h1 { font-size: 1.3rem; margin: 0; } h2 { font-size: 1rem; margin: 0 0 .75rem; }
header p, .quiet, dt, th { color: var(--quiet); } header p { margin: .25rem 0 1.5rem; max-width: 46rem; }
code, pre, dd { font-family: ui-monospace, monospace; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(6.5rem, 1fr)); gap: 1px; margin: 0 0 1.5rem;
  background: var(--line); border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
dl div { background: var(--card); padding: .7rem .9rem; } dt { font-size: .78rem; }
dd { margin: 0; font-size: 1.1rem; }
main { display: grid; gap: 1.25rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); align-items: start; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.1rem 1.25rem; overflow-x: auto; }
section p { margin: 0 0 .75rem; } a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
h2 span { color: var(--quiet); font-weight: 400; } ul { list-style: none; margin: 0; padding: 0; }
li { padding: .2rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
pre { margin: 0 0 .75rem; padding: .75rem; border: 1px solid var(--line); border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; } th { font-weight: 400; text-align: left; }
th, td { padding: .3rem .75rem .3rem 0; border-top: 1px solid var(--line); white-space: nowrap; } tr:first-child th { border: 0; }
`;
