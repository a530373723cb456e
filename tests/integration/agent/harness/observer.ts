/**
 * Looks at the fleet continually, in the tree and by the services' own answers, and records what must never happen.
 *
 * @module
 */

import { type Fleet, readFleet } from "../../../../coordination/mod.ts";
import type { ZooKeeper } from "../../../../zookeeper/mod.ts";
import type { ServiceAnswer } from "./service_program.ts";

/** Where a service of a host answers. */
export interface Place {
  readonly host: string;
  readonly service: string;
  readonly port: number;
}

const LOOK_INTERVAL_MS = 25;

const ANSWER_TIMEOUT_MS = 2_000;

/** Watches slots and services from its making until it is stopped. */
export class Observer {
  /** The most slots of one service that were held at once. */
  mostHolders = 0;
  /** Slots in the order in which they were taken, `service/host`; a slot that was taken twice is here twice. */
  admissions: string[] = [];
  /** Looks at which a service did not answer, by `host/service`. */
  readonly silences = new Map<string, number>();
  readonly #zookeeper: ZooKeeper;
  readonly #places: readonly Place[];
  readonly #holders = new Set<string>();
  #isStopped = false;
  #looksCount = 0;
  readonly #running: Promise<unknown>;

  constructor(zookeeper: ZooKeeper, places: readonly Place[]) {
    this.#zookeeper = zookeeper;
    this.#places = places;
    this.#running = Promise.all([this.#watchTree(), this.#watchServices()]);
  }

  /** Forgets what it has seen so far, including the look that is under way. */
  async forget(): Promise<void> {
    const looksCount = this.#looksCount;
    while (this.#looksCount < looksCount + 2) await pause();
    this.mostHolders = 0;
    this.admissions = [];
    this.silences.clear();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  /** Looks at which that service did not answer. */
  silencesOf(host: string, service = "web"): number {
    return this.silences.get(`${host}/${service}`) ?? 0;
  }

  async #watchTree(): Promise<void> {
    while (!this.#isStopped) {
      // Without a coordinator there is nothing to see.
      const fleet = await readFleet(this.#zookeeper).catch(() => null);
      if (fleet !== null) this.#note(fleet);
      this.#looksCount++;
      await pause();
    }
  }

  #note(fleet: Fleet): void {
    for (const [service, { hosts }] of Object.entries(fleet.services)) {
      const held = hosts.filter(({ slot }) => slot !== null && slot.step !== "failed");
      this.mostHolders = Math.max(this.mostHolders, held.length);
      for (const { host } of hosts) {
        const key = `${service}/${host}`;
        if (!held.some((holder) => holder.host === host)) {
          this.#holders.delete(key);
        } else if (!this.#holders.has(key)) {
          this.#holders.add(key);
          this.admissions.push(key);
        }
      }
    }
  }

  async #watchServices(): Promise<void> {
    while (!this.#isStopped) {
      await Promise.all(this.#places.map(async ({ host, service, port }) => {
        if (await askService(port) !== null) return;
        const key = `${host}/${service}`;
        this.silences.set(key, (this.silences.get(key) ?? 0) + 1);
      }));
      await pause();
    }
  }
}

/** What a service says about itself; `null` when it does not answer. */
export async function askService(port: number): Promise<ServiceAnswer | null> {
  try {
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    return await (await fetch(`http://127.0.0.1:${port}/version`, { signal })).json();
  } catch {
    return null;
  }
}

/** Time between two looks. */
export async function pause(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
}
