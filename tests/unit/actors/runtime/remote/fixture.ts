/** What the tests of remote references share: two systems with a node each, on one virtual clock. */

import assert from "node:assert/strict";
import { z } from "zod";
import {
  type ActorDefinition,
  type ActorRef,
  ActorSystem,
  type ActorSystemOptions,
  AskError,
  type DeadLetter,
  type ReplyTo,
  seededRandom,
  VirtualClock,
} from "../../../../../actors/runtime/mod.ts";
import {
  type Peer,
  type RemoteContract,
  remoteContract,
  RemoteError,
  type RemoteLimits,
  RemoteNode,
  replyTo,
} from "../../../../../actors/runtime/remote/mod.ts";
import { MemoryNetwork } from "./network.ts";

export const URL_THERE = "tcp://there:1";

export type DeskMessage =
  | { readonly type: "note"; readonly text: string }
  | { readonly type: "crash" }
  | { readonly type: "leave" }
  | { readonly type: "upper"; readonly text: string; readonly replyTo: ReplyTo<string> }
  | { readonly type: "time_left"; readonly replyTo: ReplyTo<number> };

export const desk: RemoteContract<DeskMessage> = remoteContract(
  "desk",
  z.discriminatedUnion("type", [
    z.object({ type: z.literal("note"), text: z.string() }),
    z.object({ type: z.literal("crash") }),
    z.object({ type: z.literal("leave") }),
    z.object({ type: z.literal("upper"), text: z.string(), replyTo: replyTo(z.string()) }),
    z.object({ type: z.literal("time_left"), replyTo: replyTo(z.number()) }),
  ]),
);

/** Keeps notes, and answers. */
export function deskActor(
  notes: string[],
  more: Partial<ActorDefinition<null, DeskMessage>> = {},
): ActorDefinition<null, DeskMessage> {
  return {
    init: () => null,
    receive(state, message, context) {
      switch (message.type) {
        case "note":
          notes.push(message.text);
          return state;
        case "crash":
          throw new Error("crash");
        case "leave":
          context.stopSelf();
          return state;
        case "upper":
          message.replyTo.tell(message.text.toUpperCase());
          return state;
        case "time_left":
          message.replyTo.tell((context.deadlineMs ?? NaN) - context.clock.nowMs());
          return state;
      }
    },
    ...more,
  };
}

/** One process of a test. */
export interface Place {
  readonly system: ActorSystem;
  readonly node: RemoteNode;
  readonly deadLetters: readonly DeadLetter[];
}

export interface Fixture {
  readonly clock: VirtualClock;
  readonly network: MemoryNetwork;
  readonly here: Place;
  readonly there: Place;
  /** `here`'s way to `there`. */
  readonly peer: Peer;
  readonly place: (name: string, options?: Partial<ActorSystemOptions>) => Place;
}

/** Runs a test, then stops both systems and checks that nothing is left. */
export async function withNodes(
  test: (fixture: Fixture) => void | Promise<void>,
  limits: Partial<RemoteLimits> = {},
): Promise<void> {
  const clock = new VirtualClock();
  const network = new MemoryNetwork();
  const places: Place[] = [];
  let seed = 1;
  const place = (name: string, options: Partial<ActorSystemOptions> = {}): Place => {
    const random = seededRandom(seed++);
    const system = ActorSystem.create({
      name,
      clock,
      random,
      onFailure: () => "continue",
      ...options,
    });
    const deadLetters: DeadLetter[] = [];
    system.deadLetters.subscribe((letter) => void deadLetters.push(letter));
    const node = RemoteNode.create({ system, transport: network, limits });
    const made = { system, node, deadLetters };
    places.push(made);
    return made;
  };
  const there = place("there");
  there.node.listen(URL_THERE);
  const here = place("here");
  const peer = here.node.connect(URL_THERE);
  await clock.settle();
  await test({ clock, network, here, there, peer, place });
  const stopped = Promise.all(places.map(({ system }) => system.stop()));
  await clock.advance(60_000);
  await stopped;
  if (clock.scheduledCount !== 0) throw new Error("timers are left after the stop");
}

/** Whether what an ask rejected with has this code. */
export function failsWith(code: string) {
  return (error: unknown) => error instanceof AskError && error.code === code;
}

/** The reasons of dead letters, in order. */
export function reasons(letters: readonly DeadLetter[]): string[] {
  return letters.map(({ reason }) => reason);
}

/** An actor that watches one reference and keeps how it ended. */
export function spawnWatcher(system: ActorSystem, watched: ActorRef<never>): unknown[] {
  const ends: unknown[] = [];
  system.spawn<null, never>(`watcher-${crypto.randomUUID()}`, {
    init(context) {
      context.watch(watched);
      return null;
    },
    receive: (state) => state,
    onSignal(state, signal) {
      if (signal.type === "terminated") ends.push(signal.reason);
      return state;
    },
  });
  return ends;
}

/** A message that needs no answer. */
export function note(text: string) {
  return { type: "note", text } as const satisfies DeskMessage;
}

/** Checks that a reference has ended once, by a failure with this code. */
export function endsWith(ends: readonly unknown[], code: string): void {
  assert.equal(ends.length, 1);
  const [end] = ends as { kind: string; error: unknown }[];
  assert.ok(end?.kind === "failed" && end.error instanceof RemoteError, JSON.stringify(end));
  assert.equal(end.error.code, code);
}
