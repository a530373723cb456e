import { z } from "zod";
import { type ActorRef, ask, type ReplyTo } from "../../../../../actors/runtime/mod.ts";
import {
  type Peer,
  type RemoteContract,
  remoteContract,
  type RemoteNode,
  replyTo,
} from "../../../../../actors/runtime/remote/mod.ts";
import { desk, type DeskMessage } from "./fixture.ts";

/** Compiles only if both types are the same. */
function same<A, B>(
  ..._: (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? [] : [never]
): void {}

/** A value of a type, for claims about it. */
function claim<T>(): T {
  throw new Error("claims do not run");
}

/** Types are checked by the compiler; nothing of this runs. */
function compile(_claims: (node: RemoteNode, peer: Peer) => void): void {}

Deno.test("R13: a reference takes the messages of its contract, and answers follow from them", () =>
  compile((_node, peer) => {
    const ref = peer.ref(desk);
    same<typeof ref, ActorRef<DeskMessage>>();
    ref.tell({ type: "note", text: "x" });
    // @ts-expect-error no such message
    ref.tell({ type: "format" });
    const answer = ask(ref, (replyTo) => ({ type: "time_left", replyTo }), { timeoutMs: 1 });
    same<typeof answer, Promise<number>>();
    const inferred = remoteContract("x", z.object({ replyTo: replyTo(z.boolean()) }));
    const other = ask(peer.ref(inferred), (replyTo) => ({ replyTo }), { timeoutMs: 1 });
    same<typeof other, Promise<boolean>>();
  }));

Deno.test("R13: an actor is exported under a contract that it can fulfil", () =>
  compile((node) => {
    const deskRef = claim<ActorRef<DeskMessage>>();
    const anyText = claim<ActorRef<{ readonly text: string }>>();
    const narrow = claim<RemoteContract<{ readonly text: string }>>();
    node.export(desk, deskRef);
    node.export(narrow, anyText);
    // @ts-expect-error it takes more kinds of messages than the actor
    node.export(desk, anyText);
    // @ts-expect-error the schema is not one of these messages
    const wrong: RemoteContract<DeskMessage> = remoteContract("x", z.object({ text: z.string() }));
    // @ts-expect-error the answer is another one
    const reply: z.ZodType<ReplyTo<string>> = replyTo(z.number());
    return [wrong, reply];
  }));
