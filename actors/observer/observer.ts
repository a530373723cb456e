/**
 * Shows the agent's actors to whoever asks, from other processes too: what `rollcall actors` looks at. It only reads.
 *
 * @module
 */

import { z } from "zod";
import type { ActorDefinition, ActorSnapshot, ReplyTo } from "../runtime/mod.ts";
import { type RemoteContract, remoteContract, replyTo } from "../runtime/remote/mod.ts";

/** What the observer takes. */
export interface ObserverMessage {
  readonly type: "look";
  readonly replyTo: ReplyTo<readonly ActorSnapshot[]>;
}

const snapshotSchema: z.ZodType<ActorSnapshot> = z.object({
  name: z.string(),
  kind: z.string(),
  path: z.string(),
  status: z.enum(["new", "running", "ending", "down", "stopped"]),
  mailboxLength: z.number(),
  restarts: z.number(),
  handled: z.number(),
  dropped: z.number(),
  msPerMessage: z.number().nullable(),
  // What JSON left out was undefined.
  summary: z.unknown().transform((summary) => summary ?? null),
  get children() {
    return z.array(snapshotSchema);
  },
});

/** Under this name and schema an agent exports its observer. */
export const observerContract: RemoteContract<ObserverMessage> = remoteContract(
  "observer",
  z.object({ type: z.literal("look"), replyTo: replyTo(z.array(snapshotSchema).readonly()) }),
);

/** The observer of the tree that `tree` takes a look at. */
export function observerActor(
  tree: () => readonly ActorSnapshot[],
): ActorDefinition<null, ObserverMessage> {
  return {
    name: "observer",
    // Those who look come back in a second; a queue of them would only show the same.
    mailbox: { capacity: 64 },
    init: () => null,
    receive(state, { replyTo }) {
      replyTo.tell(tree().map(plain));
      return state;
    },
  };
}

/** A snapshot whose summary JSON can carry. */
function plain({ summary, children, ...actor }: ActorSnapshot): ActorSnapshot {
  return { ...actor, summary: plainSummary(summary), children: children.map(plain) };
}

function plainSummary(summary: unknown): unknown {
  try {
    JSON.stringify(summary);
    return summary;
  } catch (error) {
    return { error: String(error) };
  }
}
