/**
 * Sees from outside what each service does: it asks every host's service for its life, an answer that begins with who runs
 * there and ends with the process.
 *
 * @module
 */

import type { ServiceFarewell, ServiceLife } from "../integration/agent/harness/service_program.ts";
import { TextLineStream } from "../integration/cli/text_lines.ts";
import { SERVICE_PORT } from "./network.ts";

/** One process of a host's service, as it was seen. Times are milliseconds since 1970. */
export interface Sighting extends ServiceLife {
  readonly host: string;
  /** When it was told to end; `null` if it was not, or had no time to say so. */
  stoppingMs: number | null;
  /** When it had ended; `null` while it runs. */
  endedMs: number | null;
}

/** Time between two questions while nobody answers. */
const RETRY_MS = 20;

/** Watches the services of all hosts from its making until it is stopped. */
export class Witness {
  /** All processes that answered, in the order of their first answers. */
  readonly sightings: Sighting[] = [];
  readonly #abort = new AbortController();
  readonly #watching: Promise<unknown>;
  readonly #running = new Map<string, Sighting>();

  /** @param hosts The address of each host, by name. */
  constructor(hosts: ReadonlyMap<string, string>) {
    this.#watching = Promise.all([...hosts].map(([host, address]) => this.#watch(host, address)));
  }

  /** The process that answers on that host now; `null` if none does. */
  running(host: string): Sighting | null {
    return this.#running.get(host) ?? null;
  }

  /** Ends the watch. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#watching;
  }

  async #watch(host: string, address: string): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        const response = await fetch(`http://${address}:${SERVICE_PORT}/life`, { signal });
        await this.#follow(host, response);
      } catch {
        // Nobody answers; or the process has ended, which is noted.
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  async #follow(host: string, response: Response): Promise<void> {
    let sighting: Sighting | null = null;
    try {
      if (response.body === null) return;
      const lines = response.body.pipeThrough(new TextDecoderStream())
        .pipeThrough(new TextLineStream());
      for await (const line of lines) {
        if (sighting === null) {
          const life: ServiceLife = JSON.parse(line);
          sighting = { ...life, host, stoppingMs: null, endedMs: null };
          this.sightings.push(sighting);
          this.#running.set(host, sighting);
        } else {
          const farewell: ServiceFarewell = JSON.parse(line);
          sighting.stoppingMs = farewell.stoppingMs;
        }
      }
    } finally {
      if (sighting !== null && !this.#abort.signal.aborted) {
        sighting.endedMs = Date.now();
        this.#running.delete(host);
      }
    }
  }
}
