/**
 * Probes: actors that stand in for real ones in tests. Part of the public test kit.
 *
 * @module
 */

import type { Signal } from "../actor_definition.ts";
import type { ActorRef } from "../ref.ts";
import type { ActorSystem } from "../system.ts";

/** An actor that keeps what it was sent, for a test to look at. */
export interface Probe<M> {
  /** The probe's reference, to be used in place of a real actor's. */
  readonly ref: ActorRef<M>;
  /** The messages that have arrived and were not taken, oldest first. */
  readonly messages: readonly M[];
  /** The signals of the actors that it watches. */
  readonly signals: readonly Signal[];
  /** Takes the oldest message; undefined if there is none. */
  take(): M | undefined;
  /** Watches an actor. The watch begins with the probe's next turn. */
  watch(ref: ActorRef<never>): void;
}

/** The message by which a test makes its probe watch an actor. */
class WatchOrder {
  constructor(readonly ref: ActorRef<never>) {}
}

/** Spawns a probe at the top of a system. With a virtual clock, `settle` before looking at it. */
export function spawnProbe<M>(system: ActorSystem, name = "probe"): Probe<M> {
  const messages: M[] = [];
  const signals: Signal[] = [];
  const ref = system.spawn<undefined, M | WatchOrder>(name, {
    name: "probe",
    init: () => undefined,
    receive(state, message, context) {
      if (message instanceof WatchOrder) context.watch(message.ref);
      else messages.push(message);
      return state;
    },
    onSignal(state, signal) {
      signals.push(signal);
      return state;
    },
  });
  return {
    ref,
    messages,
    signals,
    take: () => messages.shift(),
    watch: (watched) => void ref.tell(new WatchOrder(watched)),
  };
}
