/**
 * What operators do who look after a fleet: they read what `rollcall status` shows, and do what docs/operating.md says about
 * it. Nothing else is known to them.
 *
 * @module
 */

import type { Fleet } from "../../../coordination/mod.ts";
import {
  closedGate,
  CONTROL,
  DEPLOY,
  OTHER_CONTENT_ADVICE,
  releaseAdvice,
} from "../../../rollout/mod.ts";

/** What is to be done. */
export type Answer =
  | { readonly kind: "resume" }
  | { readonly kind: "abort" }
  | { readonly kind: "promote"; readonly service: string }
  | { readonly kind: "publish under another version" }
  /** Put a host back that nobody works on any more. */
  | { readonly kind: "undrain"; readonly host: string }
  /** Free the slot in a host's name whose machine is gone. */
  | { readonly kind: "release_slot"; readonly host: string }
  /** Delete a node that is nobody's. */
  | { readonly kind: "delete"; readonly path: string };

/** Decides what to do about the state of a fleet; `null`: nothing. `resumedCount`: how often a halt was answered already. */
export function answerTo(
  fleet: Fleet,
  { resumedCount }: { readonly resumedCount: number },
): Answer | null {
  const { control, queue, services, problems } = fleet;
  if (problems.some((problem) => problem.startsWith(`read ${CONTROL}:`))) return { kind: "resume" };
  if (problems.some((problem) => problem.startsWith(`read ${DEPLOY}/`))) return { kind: "abort" };
  const [stray] = problems.flatMap((problem) => strayIn(problem) ?? []);
  if (stray !== undefined) return { kind: "delete", path: stray };
  const [wave] = queue;
  const hosts = Object.values(services).flatMap((service) => service.hosts);
  const drained = hosts.find((one) => one.drained !== null && one.drained.ended === undefined);
  if (drained !== undefined) return { kind: "undrain", host: drained.host };
  const holder = hosts.find(({ host, waitingFor }) => waitingFor?.endsWith(releaseAdvice(host)));
  if (holder !== undefined) return { kind: "release_slot", host: holder.host };
  if (hosts.some(({ waitingFor }) => waitingFor?.includes(OTHER_CONTENT_ADVICE))) {
    return wave === undefined ? { kind: "publish under another version" } : { kind: "abort" };
  }
  // The service has become too small for what its policy asks for.
  const isTooSmall = ({ waitingFor }: (typeof hosts)[number]) =>
    /^budget \(minOnline .*\): \d+ of 0 down/.test(waitingFor ?? "");
  if (wave !== undefined && hosts.some(isTooSmall)) return { kind: "abort" };
  if (wave !== undefined && isForgotten(wave, services[wave.service])) return { kind: "abort" };
  switch (control?.state) {
    case "paused":
      return { kind: "resume" };
    case "halted":
      // The hosts roll it back.
      if (control.onFailure === "rollback" && wave !== undefined) return null;
      return resumedCount === 0 ? { kind: "resume" } : { kind: "abort" };
    case "running":
    case undefined:
      return promotionOf(queue);
  }
}

/** A person opens a gate that only a person opens. */
function promotionOf(queue: Fleet["queue"]): Answer | null {
  const waiting = queue.find((wave) => {
    const gate = wave.isNext ? closedGate(wave) : null;
    return gate !== null && gate.afterMs === undefined && gate.check === undefined;
  });
  return waiting === undefined ? null : { kind: "promote", service: waiting.service };
}

/** The path of a node whose name is none, as a message about it says; `null` if the message is about something else. */
function strayIn(problem: string): string | null {
  const [, parent, name] =
    /^read (\S+): expected children .*, was (".*"), which (?:does not count|is nobody's); delete it$/
      .exec(problem) ?? [];
  return parent === undefined || name === undefined ? null : `${parent}/${JSON.parse(name)}`;
}

/** Whether nobody of a wave is on the roster any more: its rollout waits until somebody aborts it. */
function isForgotten(
  { hosts }: Fleet["queue"][number],
  service: Fleet["services"][string] | undefined,
): boolean {
  const roster = service?.hosts.map(({ host }) => host) ?? [];
  return hosts === null ? roster.length === 0 : hosts.every((host) => !roster.includes(host));
}
