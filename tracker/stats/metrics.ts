/** The tracker's metrics in Prometheus' text format, made from its statistics when they are scraped. */

import { Gauge, Registry } from "prom-client";
import type { TrackerStats } from "./statistics.ts";

/** The metrics. Labels are info hashes and sites, both bounded; racks are in `/stats.json` alone. */
export class TrackerMetrics {
  readonly #registry = new Registry();
  readonly #swarms = this.#gauge("swarms", "Releases that are served");
  readonly #answered = this.#gauge("answered_total", "Requests that were answered", [
    "protocol",
    "kind",
  ]);
  readonly #refused = this.#gauge("refused_total", "Requests that were refused with a reason");
  readonly #ignored = this.#gauge("udp_ignored_total", "Datagrams that were not answered");
  readonly #peers = this.#gauge("peers", "Leechers, seeds, and peers whose location is not known", [
    "info_hash",
    "site",
    "kind",
  ]);
  readonly #received = this.#gauge(
    "received_bytes",
    "Bytes that peers say they received, by the border that they crossed",
    ["info_hash", "border"],
  );
  readonly #least = this.#gauge(
    "least_bytes",
    "The least bytes that had to cross that border",
    ["info_hash", "border"],
  );
  readonly #replaced = this.#gauge(
    "replaced_gateways_total",
    "Gateways that were replaced because they stalled or were slow",
    ["info_hash"],
  );
  readonly #slow = this.#gauge("slow_peers", "Slow peers, 20 at most", ["info_hash"]);

  /** The content type of {@link render}'s text. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All metrics as text. */
  render(stats: TrackerStats): Promise<string> {
    this.#registry.resetMetrics();
    const { counters } = stats;
    this.#swarms.set(stats.swarmCount);
    this.#answered.set({ protocol: "http", kind: "announce" }, counters.httpAnnounces);
    this.#answered.set({ protocol: "http", kind: "scrape" }, counters.httpScrapes);
    this.#answered.set({ protocol: "udp", kind: "announce" }, counters.udpAnnounces);
    this.#answered.set({ protocol: "udp", kind: "scrape" }, counters.udpScrapes);
    this.#answered.set({ protocol: "udp", kind: "connect" }, counters.udpConnects);
    this.#refused.set(counters.refusals);
    this.#ignored.set(counters.udpIgnored);
    for (const swarm of stats.swarms) {
      const info_hash = swarm.infoHash;
      for (const { name: site, peers, copies } of swarm.sites) {
        this.#peers.set({ info_hash, site, kind: "seed" }, copies);
        this.#peers.set({ info_hash, site, kind: "leecher" }, peers - copies);
      }
      if (swarm.strangers > 0) {
        this.#peers.set({ info_hash, site: "", kind: "stranger" }, swarm.strangers);
      }
      this.#received.set({ info_hash, border: "none" }, swarm.insideRacksBytes);
      for (const border of ["site", "rack"] as const) {
        const { bytes, leastBytes } = border === "site" ? swarm.acrossSites : swarm.acrossRacks;
        this.#received.set({ info_hash, border }, bytes);
        this.#least.set({ info_hash, border }, leastBytes);
      }
      this.#replaced.set({ info_hash }, swarm.replacedGateways);
      this.#slow.set({ info_hash }, swarm.slow.length);
    }
    return this.#registry.metrics();
  }

  #gauge<Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) {
    const registers = [this.#registry];
    return new Gauge({ name: `rollcall_tracker_${name}`, help, labelNames, registers });
  }
}
