/** The HTML of the tracker's page: figures, and each release with its sites, racks and slow peers. It has no script. */

import type { BorderReport, GroupReport, SiteReport, SwarmReport } from "./swarm_report.ts";
import type { SlowPeer } from "./slow_peers.ts";
import type { TrackerStats } from "./statistics.ts";
import { style } from "./stats_style.ts";

/** How often a browser fetches the page again, in seconds. */
const REFRESH_SECONDS = 3;
/** Releases that are shown; the others are only counted. */
const MAX_SHOWN = 20;
/** Sites of a release that are shown; the others are only counted. */
const MAX_SITES = 50;
/** Racks of a site that are shown; the others are only counted. */
const MAX_RACKS = 200;
/** A border that more than this multiple of the least possible has crossed is marked. */
const MARKED_RATIO = 1.2;

/** The whole page; `title` is the tracker's name. */
export function statsPage(stats: TrackerStats, title: string): string {
  const shown = stats.swarms.slice(0, MAX_SHOWN);
  const more = stats.swarmCount - shown.length;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="${REFRESH_SECONDS}">
<title>Tracker ${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<header><h1>Tracker <code>${escaped(title)}</code></h1>
<p>Peers by rack and site. For programs: <a href="stats.json">stats.json</a>, <a href="metrics">metrics</a>.</p>
</header>
<dl>${
    figures(stats).map(([name, value]) => `<div><dt>${name}</dt><dd>${escaped(value)}</dd></div>`)
      .join("")
  }</dl>
<main>${
    shown.length === 0
      ? '<section><p class="quiet">No release yet: nobody has announced.</p></section>'
      : shown.map(releasePart).join("\n")
  }</main>
${more > 0 ? `<p class="quiet">and ${count(more)} releases more</p>` : ""}
</body>
</html>
`;
}

function figures({ counters, ...stats }: TrackerStats): [string, string][] {
  return [
    ["releases", count(stats.swarmCount)],
    ["peers", count(stats.peers)],
    ["announces/s", count(stats.announcesPerSecond)],
    ["over HTTP", count(counters.httpAnnounces)],
    ["over UDP", count(counters.udpAnnounces)],
    ["refused", count(counters.refusals)],
    ["ignored", count(counters.udpIgnored)],
    ["up", duration(stats.upSeconds)],
  ];
}

function releasePart(swarm: SwarmReport): string {
  const peers = swarm.seeds + swarm.leechers;
  const facts = [
    `<b>${count(swarm.seeds)}</b> of ${count(peers)} hold a copy`,
    `${percent(swarm.progress)} of all bytes are there`,
    ...(swarm.sizeBytes === undefined ? [] : [bytes(swarm.sizeBytes)]),
    ...(swarm.unverifiedSeeds === 0 ? [] : [`${count(swarm.unverifiedSeeds)} unverified`]),
    ...(swarm.strangers === 0 ? [] : [`${count(swarm.strangers)} at an unknown location`]),
    ...(swarm.replacedGateways === 0 ? [] : [
      `${count(swarm.replacedGateways)} gateway${swarm.replacedGateways === 1 ? "" : "s"} replaced`,
    ]),
  ];
  return `<section>
<h2>${swarm.name === undefined ? "" : `${escaped(swarm.name)} `}<code>${swarm.infoHash}</code></h2>
<div class="bar"><i class="held" style="width:${percent(swarm.progress)}"></i><i style="width:${
    percent(peers === 0 ? 0 : swarm.seeds / peers)
  }"></i></div>
<p class="facts">${facts.join(" · ")}</p>
${swarm.hasTraffic ? borderPart(swarm) : ""}
${
    swarm.sites.filter(({ peers }) => peers > 0).slice(0, MAX_SITES)
      .map((site) => sitePart(site, swarm.hasTraffic)).join("\n")
  }
${
    swarm.sites.length > MAX_SITES
      ? `<p class="quiet">and ${count(swarm.sites.length - MAX_SITES)} sites more</p>`
      : ""
  }
<p class="legend"><i class="fill"></i>what a rack's hosts hold <i class="done"></i>all hold a copy <i class="gate"></i>a gateway fetches for it</p>
${slowPart(swarm.slow)}
</section>`;
}

function borderPart(swarm: SwarmReport): string {
  return `<div class="borders">${border("across sites", swarm.acrossSites)}${
    border("across racks", swarm.acrossRacks)
  }<div><dt>inside racks</dt><dd>${bytes(swarm.insideRacksBytes)}</dd></div></div>`;
}

function border(name: string, { bytes: crossed, leastBytes, ratio }: BorderReport): string {
  const compared = ratio === undefined
    ? '<span class="quiet">nothing had to cross</span>'
    : `<span class="${ratio > MARKED_RATIO ? "much" : "good"}">${ratio.toFixed(2)}×</span>
<span class="quiet">the least, ${bytes(leastBytes)}</span>`;
  return `<div><dt>${name}</dt><dd>${bytes(crossed)}</dd>${compared}</div>`;
}

function sitePart(site: SiteReport, hasTraffic: boolean): string {
  const crossing = hasTraffic && site.receivedBytes + site.leastBytes > 0
    ? ` · ${bytes(site.receivedBytes)} came in`
    : "";
  const racks = site.racks.filter(({ peers }) => peers > 0);
  const more = Math.max(0, racks.length - MAX_RACKS) + (site.moreRacks ?? 0);
  return `<h3>${escaped(site.name)} <span>${count(site.copies)} of ${count(site.peers)}${crossing}${
    gatewayText(site)
  }</span></h3>
<ul class="racks">${racks.slice(0, MAX_RACKS).map(rackTile).join("")}</ul>${
    more > 0 ? `<p class="quiet">and ${count(more)} racks more</p>` : ""
  }`;
}

function rackTile(rack: GroupReport): string {
  const about = [
    `${rack.name}: ${percent(rack.progress)}`,
    `${count(rack.copies)} of ${count(rack.peers)} hold a copy`,
    `${bytes(rack.receivedBytes)} came in`,
    ...(rack.gateways.length === 0 ? [] : [`gateway ${rack.gateways.join(", ")}`]),
  ].join("\n");
  const state = rack.copies === rack.peers ? "done" : rack.gateways.length > 0 ? "gate" : "";
  return `<li class="${state}" title="${escaped(about)}" style="--part:${
    percent(rack.progress)
  }"><b>${escaped(rack.name)}</b><span>${count(rack.copies)}/${count(rack.peers)}</span></li>`;
}

function gatewayText({ gateways }: GroupReport): string {
  return gateways.length === 0 ? "" : ` · gateway ${escaped(gateways.join(", "))}`;
}

function slowPart(slow: readonly SlowPeer[]): string {
  if (slow.length === 0) return "";
  const rows = slow.map((peer) =>
    `<tr><td><b>${escaped(peer.host ?? "unnamed")}</b> <span class="quiet">${
      escaped(peer.address)
    }</span></td><td>${
      peer.site === undefined ? "" : escaped(`${peer.site}/${peer.rack}`)
    }</td><td>${peer.leftBytes === undefined ? "" : bytes(peer.leftBytes)}</td><td>${
      escaped(peer.why)
    }</td></tr>`
  );
  return `<h3>Slow</h3><div class="wide"><table><tr><th>host</th><th>site/rack</th><th>to fetch</th><th>why</th></tr>${
    rows.join("")
  }</table></div>`;
}

function percent(part: number): string {
  // Rounded down: a bar must not be full while a peer still lacks something.
  return `${Math.floor(part * 1000) / 10}%`;
}

function count(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: value < 100 ? 1 : 0 });
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

function bytes(value: number): string {
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

function duration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds % 3600 / 60)} min`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as HTML shows it: the names that peers give themselves must not become markup. */
function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
