/**
 * The agent's metrics in Prometheus' text format. All of them are gauges that are set when they are requested.
 *
 * @module
 */

import { Gauge, Registry } from "prom-client";
import type { Current } from "../../rollout/mod.ts";
import type { ServiceEntry } from "../registrar/messages.ts";
import type { ActorSnapshot } from "../runtime/mod.ts";

/** The agent's gauges. */
export class AgentMetrics {
  readonly #registry = new Registry();
  readonly #serving = this.#gauge(
    "rollcall_service_serving",
    "1 while the service passes its health check",
    [
      "service",
      "version",
    ],
  );
  readonly #serviceRestarts = this.#gauge(
    "rollcall_service_restarts",
    "Restarts of the service by the agent since that began, by cause: crash, or unwell for too long",
    ["service", "cause"],
  );
  readonly #quarantined = this.#gauge(
    "rollcall_service_quarantined",
    "1 while the host is not counted on, since the service was started again too often",
    ["service"],
  );
  readonly #drained = this.#gauge(
    "rollcall_service_drained",
    "1 while an operator has drained the host, and its agent keeps it out of what sends it work",
    ["service"],
  );
  readonly #differences = this.#gauge(
    "rollcall_service_differences",
    "Settings in which the running process differs from the config",
    ["service"],
  );
  readonly #pinnedBytes = this.#gauge(
    "rollcall_pinned_bytes",
    "Bytes of releases locked in memory",
    ["service"],
  );
  readonly #receivedBytes = this.#gauge(
    "rollcall_received_bytes",
    "Bytes received for the newest release, by distance of the sender",
    ["service", "version", "distance"],
  );
  readonly #progress = this.#gauge(
    "rollcall_preparation_progress",
    "Share of the current phase of the next release's preparation that is done, 0 to 1",
    ["service", "version", "phase"],
  );
  readonly #mailbox = this.#gauge("rollcall_actor_mailbox_messages", "Messages that wait", [
    "actor",
  ]);
  readonly #restarts = this.#gauge("rollcall_actor_restarts", "Restarts since the agent began", [
    "actor",
  ]);
  readonly #dropped = this.#gauge(
    "rollcall_actor_dropped_messages",
    "Messages that became dead letters",
    ["actor"],
  );

  /** The content type of the text that {@link render} returns. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Renders all metrics with their current values. */
  async render(
    services: readonly ServiceEntry[],
    actors: readonly ActorSnapshot[],
  ): Promise<string> {
    this.#registry.resetMetrics();
    for (const { service, entry, running } of services) {
      this.#setService(service, entry);
      const { crash, unwell } = running.restarts;
      this.#serviceRestarts.set({ service, cause: "crash" }, crash);
      this.#serviceRestarts.set({ service, cause: "unwell" }, unwell);
      this.#quarantined.set({ service }, running.quarantined === null ? 0 : 1);
      const { drained } = entry;
      this.#drained.set(
        { service },
        drained === undefined || drained.problem !== undefined ? 0 : 1,
      );
      this.#differences.set({ service }, running.differences.length);
    }
    for (const actor of actors) this.#setActor(actor);
    return await this.#registry.metrics();
  }

  #setService(service: string, entry: Current): void {
    this.#serving.set({ service, version: entry.version ?? "" }, entry.state === "serving" ? 1 : 0);
    this.#pinnedBytes.set({ service }, entry.pinnedBytes);
    if (entry.received !== null) {
      const { version, rackBytes, siteBytes, remoteBytes } = entry.received;
      this.#receivedBytes.set({ service, version, distance: "rack" }, rackBytes);
      this.#receivedBytes.set({ service, version, distance: "site" }, siteBytes);
      this.#receivedBytes.set({ service, version, distance: "remote" }, remoteBytes);
    }
    if (entry.preparation !== null) {
      const { version, phase, progress } = entry.preparation;
      this.#progress.set({ service, version, phase }, progress);
    }
  }

  #setActor(actor: ActorSnapshot): void {
    this.#mailbox.set({ actor: actor.path }, actor.mailboxLength);
    this.#restarts.set({ actor: actor.path }, actor.restarts);
    this.#dropped.set({ actor: actor.path }, actor.dropped);
    for (const child of actor.children) this.#setActor(child);
  }

  #gauge<Label extends string>(name: string, help: string, labelNames: Label[]): Gauge<Label> {
    return new Gauge({ name, help, labelNames, registers: [this.#registry] });
  }
}
