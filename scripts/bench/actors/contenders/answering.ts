/** An actor of ours that answers, for every place that it may be in. */

import { z } from "zod";
import type { ReplyTo } from "../../../../actors/runtime/mod.ts";
import { remoteContract, replyTo } from "../../../../actors/runtime/remote/mod.ts";

/** What it takes. */
export interface Question {
  readonly value: number;
  readonly replyTo: ReplyTo<number>;
}

/** Answers with the next number. */
export const answering = {
  init: () => 0,
  receive(asked: number, { value, replyTo }: Question): number {
    replyTo.tell(value + 1);
    return asked + 1;
  },
};

/** The same for other processes, checked on both sides. */
export const answeringContract = remoteContract<Question>(
  "answering",
  z.object({ value: z.number(), replyTo: replyTo(z.number()) }),
);
