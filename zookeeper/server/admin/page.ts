/**
 * Renders the coordinator's page as HTML: figures, sessions, and one node of the tree. It is pure and uses no script.
 *
 * @module
 */

import { childPath, parentPath } from "../../paths.ts";
import type { AdminFacts, ChildView, NodeView, SessionFacts } from "./facts.ts";
import { style } from "./style.ts";
import {
  escapeHtml,
  formatAgo,
  formatBytes,
  formatCount,
  formatDuration,
  formatUtc,
} from "./format.ts";

/** Interval at which a live page reloads, in seconds. */
const refreshSeconds = 3;

/** Most sessions that are listed, more than anybody reads; the others are counted. */
const maxSessionsListed = 500;

/** What the page shows. */
export interface PageView {
  /** Path of the node. */
  path: string;
  /** The node; undefined if there is none. */
  node: NodeView | undefined;
  /** Whether the page reloads by itself. */
  live: boolean;
  /** The present time, in ms since 1970. */
  nowMs: number;
}

/** Renders the whole page. */
export function adminPage(facts: AdminFacts, view: PageView): string {
  const { path, live } = view;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
${live ? `<meta http-equiv="refresh" content="${refreshSeconds}">` : ""}
<title>${escapeHtml(path)} · coordinator ${escapeHtml(facts.connectString)}</title>
<style>${style}</style>
</head>
<body>
<header>
<div><h1>Coordinator <code>${escapeHtml(facts.connectString)}</code></h1>
<p>ZooKeeper's protocol for one machine, ${
    facts.dataDir === null
      ? "in memory: the data ends with the process"
      : `data in <code>${escapeHtml(facts.dataDir)}</code>`
  }. Beyond one machine, use a ZooKeeper ensemble of three or five servers.</p></div>
<a class="toggle" href="${href(path, !live)}">${
    live ? "<i></i>live" : "paused"
  }<span class="quiet">${live ? "pause" : "go on"}</span></a>
</header>
${figures(facts)}
<main>
<section><nav>${breadcrumbs(view)}</nav>${nodePart(view)}</section>
<section><h2>Sessions <span class="quiet">${formatCount(facts.sessions.length)}</span></h2>${
    sessionPart(facts.sessions)
  }</section>
</main>
</body>
</html>
`;
}

function figures(facts: AdminFacts): string {
  const values: [string, string][] = [
    ["sessions", formatCount(facts.sessions.length)],
    ["connections", formatCount(facts.connections)],
    ["nodes", formatCount(facts.nodes)],
    ["ephemeral", formatCount(facts.ephemerals)],
    ["watches", formatCount(facts.watches)],
    ["data", formatBytes(facts.dataSizeBytes)],
    ["last change", facts.zxid],
    ["up", formatDuration(facts.upTimeMs)],
  ];
  const perCommit = facts.commitsPerSecond === 0
    ? ""
    : ` <span class="quiet">${
      (facts.changesPerSecond / facts.commitsPerSecond).toFixed(1)
    } a commit</span>`;
  return `<dl><div class="wide"><dt>changes per second</dt><dd>${
    formatCount(Math.round(facts.changesPerSecond))
  }${perCommit}</dd>${sparkline(facts.changesBySecond)}</div>${
    values.map(([name, value]) => `<div><dt>${name}</dt><dd>${escapeHtml(value)}</dd></div>`).join(
      "",
    )
  }</dl>`;
}

/** Renders the last minute as bars, the latest at the right. */
function sparkline(values: readonly number[]): string {
  const most = Math.max(1, ...values);
  const bars = values.map((value, index) => {
    const height = value === 0 ? 0.4 : Math.max(0.8, value / most * 20);
    const x = 60 - values.length + index;
    return `<rect x="${x}" y="${(20 - height).toFixed(2)}" width=".7" height="${
      height.toFixed(2)
    }"/>`;
  });
  return `<svg viewBox="0 0 60 20" preserveAspectRatio="none" role="img" aria-label="changes in each second of the last minute, at most ${most}"><title>the last minute, at most ${
    formatCount(most)
  } a second</title>${bars.join("")}</svg>`;
}

function breadcrumbs({ path, live }: PageView): string {
  const links = [`<a href="${href("/", live)}">/</a>`];
  let at = "";
  for (const name of path.split("/").filter((part) => part !== "")) {
    at += `/${name}`;
    links.push(link(at, name, live));
  }
  return links.join('<span class="quiet">›</span>');
}

function nodePart({ path, node, live, nowMs }: PageView): string {
  if (node === undefined) {
    const up = parentPath(path.startsWith("/") ? path : "/");
    return `<p>There is no such node. ${link(up, "Up", live)}</p>`;
  }
  if (!node.isPublic) {
    return `<p>Not everybody may read this node, and so not this page.</p>${about(node, nowMs)}`;
  }
  return `${dataPart(node)}${childPart(node, { path, live, nowMs })}${about(node, nowMs)}`;
}

function dataPart({ text, dataSizeBytes }: NodeView): string {
  if (dataSizeBytes === 0) return '<p class="quiet">No data.</p>';
  if (text === undefined) {
    return `<p class="quiet">${formatBytes(dataSizeBytes)} that are no short text.</p>`;
  }
  return `<pre>${escapeHtml(indented(text))}</pre>`;
}

/** Indents JSON; returns other text as it is. */
function indented(text: string): string {
  if (!/^\s*[{[]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function childPart(
  { children, childCount }: NodeView,
  { path, live, nowMs }: { path: string; live: boolean; nowMs: number },
): string {
  if (childCount === 0) return '<p class="quiet">No children.</p>';
  const row = (child: ChildView) =>
    `<tr><td>${link(childPath(path, child.name), child.name, live)}${
      child.isEphemeral ? ' <span class="tag">ephemeral</span>' : ""
    }</td><td>${child.childCount === 0 ? "" : formatCount(child.childCount)}</td><td>${
      child.dataSizeBytes === 0 ? "" : formatBytes(child.dataSizeBytes)
    }</td><td>${child.version}</td><td>${formatAgo(child.mtimeMs, nowMs)}</td></tr>`;
  const more = childCount - children.length;
  return `<table><tr><th>child</th><th>children</th><th>data</th><th>version</th><th>changed</th></tr>${
    children.map(row).join("")
  }</table>${more > 0 ? `<p class="quiet">and ${formatCount(more)} more</p>` : ""}`;
}

function about(node: NodeView, nowMs: number): string {
  const facts: [string, string][] = [
    ["changed", `${formatAgo(node.mtimeMs, nowMs)}, ${formatUtc(node.mtimeMs)}`],
    ["made", `${formatAgo(node.ctimeMs, nowMs)}, ${formatUtc(node.ctimeMs)}`],
    ["versions", `data ${node.version}, children ${node.cversion}, ACL ${node.aversion}`],
    ["changes", `made ${node.czxid}, data ${node.mzxid}, children ${node.pzxid}`],
    ["data", formatBytes(node.dataSizeBytes)],
    ["ACL", node.acl.join(", ")],
  ];
  if (node.ephemeralOwner !== undefined) facts.unshift(["ephemeral, of", node.ephemeralOwner]);
  if (node.isContainer) facts.unshift(["container", "goes some time after its last child"]);
  if (node.ttlMs > 0) {
    facts.unshift(["goes", `${formatDuration(node.ttlMs)} after its last change`]);
  }
  return `<details open><summary class="quiet">Stat</summary><table class="stat">${
    facts.map(([name, value]) => `<tr><th>${name}</th><td>${escapeHtml(value)}</td></tr>`).join("")
  }</table></details>`;
}

function sessionPart(sessions: readonly SessionFacts[]): string {
  if (sessions.length === 0) return '<p class="quiet">None.</p>';
  const row = (session: SessionFacts) =>
    `<tr><td><code>${escapeHtml(session.id)}</code></td><td>${
      session.client === null
        ? '<span class="tag late">not connected</span>'
        : escapeHtml(session.client)
    }</td><td><meter min="0" max="1" low=".67" high=".67" optimum="0" value="${
      Math.min(1, session.silentMs / session.timeoutMs).toFixed(2)
    }"></meter> ${formatDuration(session.silentMs)} of ${
      formatDuration(session.timeoutMs)
    }</td><td>${formatCount(session.ephemerals)}</td><td>${formatCount(session.watches)}</td></tr>`;
  const more = sessions.length - maxSessionsListed;
  return `<table><tr><th>session</th><th>client</th><th>silent for</th><th>ephemeral</th><th>watches</th></tr>${
    sessions.slice(0, maxSessionsListed).map(row).join("")
  }</table>${more > 0 ? `<p class="quiet">and ${formatCount(more)} more</p>` : ""}`;
}

function link(path: string, text: string, live: boolean): string {
  return `<a href="${href(path, live)}">${escapeHtml(text)}</a>`;
}

function href(path: string, live: boolean): string {
  return `?path=${encodeURIComponent(path).replaceAll("%2F", "/")}${live ? "" : "&amp;live=no"}`;
}
