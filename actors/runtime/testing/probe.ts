/**
 * An actor that a test sends to in place of the real one. Part of the public test kit.
 *
 * @module
 */

import type { Signal } from "../actor_definition.ts";
import type { ActorRef } from "../ref.ts";
import type { ActorSystem } from "../system.ts";

/** Keeps what it was sent, for a test to look at. */
export interface Probe<M> {
  /** Stands in for an actor. */
  readonly ref: ActorRef<M>;
  /** What has arrived and was not taken, oldest first. */
  readonly messages: readonly M[];
  /** The signals that it got: it watches what {@linkcode Probe.watch} is given. */
  readonly signals: readonly Signal[];
  /** Takes the oldest message; undefined if there is none. */
  take(): M | undefined;
  /** Watches an actor, from the probe's next turn on. */
  watch(ref: ActorRef<never>): void;
}

/** What a probe is told by the test itself. */
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
