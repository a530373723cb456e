/**
 * Asks every service of every host for its version, from outside and again and again, as a client of the fleet would.
 *
 * @module
 */

import { type ServiceName, SERVICES } from "./fleet_layout.ts";
import { longestOutageMs, mostAtOnce, ProbeLog } from "./outages.ts";
import type { ServiceAnswer } from "./service.ts";

/** One service on one host, and the port that it answers on. */
export interface Endpoint {
  readonly service: ServiceName;
  readonly host: string;
  readonly port: number;
}

/** Time between two probes. A small service is down for about a tenth of a second when it restarts, so that an outage meets several probes. */
const INTERVAL_MS = 50;
/** How long a probe may take. A refused connection fails at once; only a service that hangs takes longer. */
const PROBE_TIMEOUT_MS = 2_000;

/** Asks a service for its version; `null` when it does not answer. */
export async function askVersion(
  { port }: Pick<Endpoint, "port">,
  client: Deno.HttpClient,
): Promise<ServiceAnswer | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/version`, {
      client,
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    });
    return response.ok ? await response.json() : (await response.body?.cancel(), null);
  } catch {
    return null;
  }
}

/** Creates a client that opens a new connection for each request, so that it never uses one to a process that has ended. */
export function createProbeClient(): Deno.HttpClient {
  return Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
}

/** What was seen of one service over all hosts. */
export interface ServiceObservation {
  readonly maxConcurrentDown: number;
  readonly longestOutageMs: number;
  readonly probesCount: number;
}

/** Probes all endpoints until it is stopped. */
export class Sampler {
  readonly #endpoints: readonly Endpoint[];
  readonly #logs = new Map<string, ProbeLog>();
  readonly #client = createProbeClient();
  readonly #stop = new AbortController();
  #loops: Promise<unknown> | null = null;

  constructor(endpoints: readonly Endpoint[]) {
    this.#endpoints = endpoints;
    for (const endpoint of endpoints) this.#logs.set(keyOf(endpoint), new ProbeLog());
  }

  /** Starts probing. */
  start(): void {
    this.#loops ??= Promise.all(this.#endpoints.map((endpoint) => this.#sample(endpoint)));
  }

  /** Stops probing and waits for the last answers. A second call does nothing. */
  async stop(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    await this.#loops;
    this.#client.close();
  }

  /** The probes of one service on one host. */
  log(endpoint: Pick<Endpoint, "service" | "host">): ProbeLog {
    const log = this.#logs.get(keyOf(endpoint));
    if (log === undefined) throw new Error(`no endpoint ${keyOf(endpoint)} is sampled`);
    return log;
  }

  /** What was seen of one service on all hosts. */
  observe(service: ServiceName): ServiceObservation {
    const logs = this.#logsOf(service);
    const outages = logs.flatMap((log) => log.outages());
    return {
      maxConcurrentDown: mostAtOnce(outages),
      longestOutageMs: longestOutageMs(outages),
      probesCount: logs.reduce((sum, { probesCount }) => sum + probesCount, 0),
    };
  }

  /**
   * When the first and the last host of a service ran this version; `null` before all do. The host `except` does not count.
   */
  takeover(
    service: ServiceName,
    version: string,
    { except }: { readonly except?: string | undefined } = {},
  ): { firstMs: number; lastMs: number } | null {
    const sinceMs = this.#endpoints
      .filter((endpoint) => endpoint.service === service && endpoint.host !== except)
      .map((endpoint) => this.log(endpoint).firstSinceMs(version));
    if (sinceMs.some((since) => since === null)) return null;
    const times = sinceMs.filter((since) => since !== null);
    return { firstMs: Math.min(...times), lastMs: Math.max(...times) };
  }

  /** The services in the order in which their first host ran this version. */
  order(version: string): ServiceName[] {
    const firstMs = (service: ServiceName) =>
      Math.min(...this.#logsOf(service).map((log) => log.firstSinceMs(version) ?? Infinity));
    return SERVICES.filter((service) => firstMs(service) < Infinity)
      .sort((one, other) => firstMs(one) - firstMs(other));
  }

  #logsOf(service: ServiceName): ProbeLog[] {
    return this.#endpoints.filter((endpoint) => endpoint.service === service)
      .map((endpoint) => this.log(endpoint));
  }

  async #sample(endpoint: Endpoint): Promise<void> {
    const log = this.log(endpoint);
    while (!this.#stop.signal.aborted) {
      const startMs = Date.now();
      const answer = await askVersion(endpoint, this.#client);
      log.add({ startMs, endMs: Date.now(), answer });
      await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
    }
  }
}

function keyOf({ service, host }: Pick<Endpoint, "service" | "host">): string {
  return `${service}@${host}`;
}
