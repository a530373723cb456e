/** A family of children under a supervisor, for the tests of what supervisors do. */

import {
  type ActorRef,
  type ChildOptions,
  supervisor,
  type SupervisorOptions,
} from "../../../../../actors/runtime/mod.ts";
import { type Fixture, recorder } from "../fixture.ts";

/** A supervisor over logging children of these names, and a way to tell them something. */
export function family(
  { system }: Fixture,
  names: readonly string[],
  options: SupervisorOptions & { readonly child?: ChildOptions } = {},
) {
  const log: string[] = [];
  const refs = new Map<string, ActorRef<string>>();
  /** Children whose next starts fail, and how often. */
  const failingStarts = new Map<string, number>();
  const { child, ...rest } = options;
  const ref = system.spawn(
    "supervisor",
    supervisor({
      backoff: { initialMs: 100, jitter: 0 },
      ...rest,
      children(scope) {
        for (const name of names) {
          const definition = recorder<string>([], {
            init(context) {
              const failing = failingStarts.get(name) ?? 0;
              failingStarts.set(name, failing - 1);
              log.push(`${failing > 0 ? "fail" : "start"} ${name}`);
              if (failing > 0) throw new Error("init");
              context.timers.after("unused", 1e9, "unused");
              return 0;
            },
            receive(state, message, context) {
              if (message === "crash") throw new Error("crash");
              if (message === "finish") context.stopSelf();
              return state;
            },
            onStop: (_state, _context, reason) => void log.push(`stop ${name} ${reason.kind}`),
          });
          refs.set(name, scope.child(name, definition, child));
        }
      },
    }),
  );
  return {
    ref,
    log,
    failingStarts,
    tell: (name: string, message: string) => refs.get(name)?.tell(message),
    take: () => log.splice(0),
  };
}
