/** What the compiler refuses and infers. The assertions at run time matter less. */

import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import {
  type ActorContext,
  type ActorDefinition,
  type ActorLogger,
  type ActorRef,
  type ActorSystem,
  ask,
  type Publisher,
  type Receptionist,
  type ReplyOf,
  type ReplyTo,
  type ServiceKey,
  serviceKey,
  type Signal,
  startChild,
  type StartedChild,
  type Subscribable,
  supervisor,
  type SupervisorMessage,
  Topic,
} from "../../../../actors/runtime/mod.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;
/** Compiles if the two types are the same. */
function same<A, B>(_: Equal<A, B>): void {}

interface Dog {
  readonly name: string;
  readonly barks: true;
}
interface Animal {
  readonly name: string;
}
type Counter =
  | { readonly type: "add"; readonly by: number }
  | { readonly type: "get"; readonly replyTo: ReplyTo<number> }
  | { readonly type: "describe"; readonly long: boolean; readonly replyTo: ReplyTo<string> };

/** Never called: it only has to compile. */
type Uncalled = (
  animals: ActorRef<Animal>,
  dogs: ActorRef<Dog>,
  counter: ActorRef<Counter>,
  system: ActorSystem,
  context: ActorContext<"mine" | "other">,
) => void;

Deno.test("G26: a reference takes its protocol only, and is contravariant", () => {
  const check: Uncalled = (animals, dogs, counter) => {
    const wider: ActorRef<Dog> = animals;
    // @ts-expect-error: an actor for dogs cannot take every animal
    const narrower: ActorRef<Animal> = dogs;
    const any: ActorRef<never> = counter;
    // @ts-expect-error: nothing can be told to an actor of an unknown protocol
    any.tell({ type: "add", by: 1 });
    // @ts-expect-error: a message that the protocol does not have
    counter.tell({ type: "subtract", by: 1 });
    // @ts-expect-error: a message without its content
    counter.tell({ type: "add" });
    void [wider, narrower];
  };
  assert.ok(check);
});

Deno.test("G26: the type of an answer follows from the message", () => {
  const check: Uncalled = (_animals, _dogs, counter, _system, context) => {
    const timeoutMs = 1;
    const number = ask(counter, (replyTo) => ({ type: "get", replyTo }), { timeoutMs });
    same<typeof number, Promise<number>>(true);
    const text = ask(counter, (replyTo) => ({ type: "describe", long: true, replyTo }), {
      timeoutMs,
    });
    same<typeof text, Promise<string>>(true);
    same<ReplyOf<Counter, { type: "get"; replyTo: ReplyTo<unknown> }>, number>(true);
    // @ts-expect-error: a message that the protocol does not have
    ask(counter, (replyTo) => ({ type: "got", replyTo }), { timeoutMs });
    // @ts-expect-error: a message without its content
    ask(counter, (replyTo) => ({ type: "describe", replyTo }), { timeoutMs });
    const annotated = ask<Counter, number>(counter, (replyTo) => ({ type: "get", replyTo }), {
      timeoutMs,
    });
    same<typeof annotated, Promise<number>>(true);
    // @ts-expect-error: the answer is a number
    ask<Counter, string>(counter, (replyTo) => ({ type: "get", replyTo }), { timeoutMs });
    context.ask(counter, (replyTo) => ({ type: "get", replyTo }), {
      timeoutMs,
      ok: (reply) => (same<typeof reply, number>(true), "mine"),
      error: (error) => error.code === "ask_timeout" ? "other" : "mine",
    });
    context.ask(counter, (replyTo) => ({ type: "get", replyTo }), {
      timeoutMs,
      // @ts-expect-error: not a message of the asker
      ok: () => "foreign",
      error: () => "mine",
    });
  };
  assert.ok(check);
});

Deno.test("G26: an actor's context speaks the actor's protocol", () => {
  const check: Uncalled = (_animals, _dogs, counter, system, context) => {
    context.timers.after("key", 1, "mine");
    // @ts-expect-error: not a message of this actor
    context.timers.after("key", 1, "foreign");
    context.pipeToSelf(() => Promise.resolve(1), {
      ok: (value) => (same<typeof value, number>(true), "mine"),
      // @ts-expect-error: not a message of this actor
      error: () => "foreign",
    });
    const adapter = context.adapt((_: number) => "mine");
    same<typeof adapter, ActorRef<number>>(true);
    context.watch(counter);
    const child = context.spawn("child", {
      init: () => ({ count: 0 }),
      receive: (state, message: "add") => ({ count: state.count + message.length }),
    });
    same<typeof child, ActorRef<"add">>(true);
    // @ts-expect-error: the next state lacks what the first one has
    system.spawn("bad", { init: () => ({ count: 0 }), receive: (_state, _message: "add") => ({}) });
  };
  assert.ok(check);
});

Deno.test("G26: a definition fits its own protocol, neither a wider nor a narrower one", () => {
  const check = (dogs: ActorDefinition<number, Dog>, animals: ActorDefinition<number, Animal>) => {
    // @ts-expect-error: it would be told animals that are no dogs
    const wider: ActorDefinition<number, Animal> = dogs;
    // @ts-expect-error: it could tell itself animals that are no dogs
    const narrower: ActorDefinition<number, Dog> = animals;
    void [wider, narrower];
  };
  assert.ok(check);
});

Deno.test("G26: a switch over signals is exhaustive", () => {
  const check = (signal: Signal): string => {
    switch (signal.type) {
      case "terminated":
        return signal.reason.kind;
      case "child_failed":
        return String(signal.error);
    }
  };
  assert.ok(check);
});

Deno.test("G26: supervised children, topics and loggers are typed", () => {
  const check: Uncalled = (animals, dogs, _counter, system) => {
    const root = system.spawn(
      "root",
      supervisor({
        children(scope) {
          const child = scope.child("child", {
            init: () => 0,
            receive: (state, message: Dog) => state + message.name.length,
          });
          same<typeof child, ActorRef<Dog>>(true);
          // @ts-expect-error: no such restart policy
          scope.child("other", { init: () => 0, receive: (state) => state }, { restart: "always" });
        },
      }),
    );
    same<typeof root, ActorRef<SupervisorMessage>>(true);
    const definition: ActorDefinition<number, Dog> = { init: () => 0, receive: (state) => state };
    const started = ask(root, startChild("child", definition), { timeoutMs: 1 });
    same<typeof started, Promise<StartedChild<Dog>>>(true);

    const topic = new Topic<Dog>("dogs");
    topic.subscribe(animals);
    topic.subscribe(dogs);
    const publisher: Publisher<Dog> = topic;
    const subscribable: Subscribable<Dog> = topic;
    // @ts-expect-error: its subscribers cannot take every animal
    const wrong: Publisher<Animal> = topic;
    void [publisher, subscribable, wrong];
  };
  const log: ActorLogger = getLogger(["test"]);
  assert.ok(check);
  assert.ok(log);
});

Deno.test("G26: services are found with the protocol of their key", () => {
  const numbers = serviceKey<number>("numbers");
  function types(
    receptionist: Receptionist,
    texts: ActorRef<string>,
    both: ActorRef<string | number>,
  ) {
    // @ts-expect-error: an actor that takes texts does not offer what takes numbers.
    receptionist.register(numbers, texts);
    receptionist.register(numbers, both);
    receptionist.findOne(numbers)?.tell(1);
    // @ts-expect-error: what was found speaks the key's protocol.
    receptionist.findOne(numbers)?.tell("text");
    const wider: ServiceKey<number | string> = serviceKey("wider");
    // @ts-expect-error: a key is of one protocol, neither a wider nor a narrower one.
    const narrower: ServiceKey<number> = wider;
    return narrower;
  }
  assert.equal(typeof types, "function");
});
