/**
 * What the fleet has decided, from the transactions of the ensemble: who held a slot when, and whether each admission and
 * each fence was right at that moment. Pure. None of the rules under test is used here.
 *
 * @module
 */

import type { Control, Current, Policy, Service, Slot } from "../../rollout/mod.ts";
import { budgetProblem, isCountedOn } from "../simulation/fleet/away.ts";
import { type Difference, isHeld, TreeMirror } from "../simulation/fleet/tree_mirror.ts";
import type { Transaction } from "./transaction_log.ts";

/** Something that must never happen, and did. */
export interface Violation {
  /** What was checked, in a few words. */
  readonly check: string;
  /** What was expected and what was there. */
  readonly what: string;
  /** The hosts that have to do with it. */
  readonly hosts: readonly string[];
  /** When, milliseconds since 1970. */
  readonly atMs: number;
}

/** A slot from its admission to its end. Times are milliseconds since 1970. */
export interface SlotLife {
  readonly host: string;
  readonly from: string | null;
  readonly to: string;
  /** The policy that it was taken under. */
  readonly policy: Policy;
  readonly takenMs: number;
  /** When the host was allowed to stop its service; `null` if it never was. */
  fencedMs: number | null;
  /** When it was given back, or became the record of a failure; `null` while it is held. */
  endedMs: number | null;
}

/** A time in which a version was withdrawn. */
export interface Withdrawal {
  readonly version: string;
  readonly fromMs: number;
  /** When it was rolled out again; `null` while it is withdrawn. */
  untilMs: number | null;
}

/** What has been decided. */
export interface Decisions {
  readonly slots: readonly SlotLife[];
  readonly withdrawals: readonly Withdrawal[];
  /** When each host said that it serves a version. */
  readonly served: readonly {
    readonly host: string;
    readonly version: string | null;
    readonly atMs: number;
  }[];
  /** How often each kind of decision was made. */
  readonly counts: ReadonlyMap<string, number>;
  readonly violations: readonly Violation[];
}

/**
 * How old a reading may be in which a host still counts as there whose session has ended since: the end of a session
 * changes no counter (docs/architecture.md, "Known limits").
 */
const UNSEEN_END_MS = 2_000;

/** Replays the transactions, for one service. */
export function readDecisions(transactions: readonly Transaction[], service: string): Decisions {
  const replay = new Replay(service);
  for (const transaction of transactions) replay.apply(transaction);
  return replay;
}

class Replay implements Decisions {
  readonly slots: SlotLife[] = [];
  readonly withdrawals: Withdrawal[] = [];
  readonly served: { host: string; version: string | null; atMs: number }[] = [];
  readonly counts = new Map<string, number>();
  readonly violations: Violation[] = [];
  readonly #service: string;
  readonly #tree = new TreeMirror();
  readonly #held = new Map<string, SlotLife>();
  /** When the entry of a host that was serving vanished. */
  readonly #vanishedMs = new Map<string, number>();

  constructor(service: string) {
    this.#service = service;
  }

  apply({ changes, timeMs }: Transaction): void {
    const differences = changes.flatMap(({ path, data }) =>
      this.#tree.difference(path, data) ?? []
    );
    for (const difference of differences) this.#look(difference, timeMs);
    this.#tree.take(differences);
  }

  #look({ kind, service, name, before, after }: Difference, atMs: number): void {
    if (kind === "control") return this.#lookAtControl(before as Control | null, after as Control);
    if (kind === "wave" && before === null) return this.#count("wave queued");
    if (kind === "wave" && after === null) return this.#count("wave over");
    if (service !== this.#service) return;
    switch (kind) {
      case "slot":
        return this.#lookAtSlot(
          { host: name, before: before as Slot | null, after: after as Slot | null },
          atMs,
        );
      case "service":
        return this.#lookAtService(after as Service | null, atMs);
      case "current": {
        const [was, is] = [before as Current | null, after as Current | null];
        if (is?.state === "serving") {
          if (was?.state !== "serving" || was.version !== is.version) {
            this.served.push({ host: name, version: is.version, atMs });
          }
          this.#vanishedMs.delete(name);
        } else if (is === null && was?.state === "serving") {
          this.#vanishedMs.set(name, atMs);
        }
        if (is === null) this.#count("host away");
        else if (was === null) this.#count("host registered");
        return;
      }
    }
  }

  #lookAtControl(before: Control | null, after: Control): void {
    if (before?.state === after.state) return;
    this.#count(`control ${after.state}`);
    if (after.state !== "halted" || (after.reason ?? "") !== "") return;
    this.#fail("halt", `${after.by} halted the rollout without a reason`, {
      hosts: [after.by],
      atMs: after.sinceMs,
    });
  }

  #lookAtService(entry: Service | null, atMs: number): void {
    const withdrawn = entry?.withdrawn ?? [];
    const open = this.withdrawals.filter(({ untilMs }) => untilMs === null);
    for (const one of open) if (!withdrawn.includes(one.version)) one.untilMs = atMs;
    for (const version of withdrawn) {
      if (open.some((one) => one.version === version)) continue;
      this.withdrawals.push({ version, fromMs: atMs, untilMs: null });
      this.#count("version withdrawn");
    }
    const committed = this.#tree.of(this.#service).entry?.committed?.version;
    if (entry?.committed?.version !== committed) this.#count("version committed");
  }

  #lookAtSlot(
    { host, before, after }: { host: string; before: Slot | null; after: Slot | null },
    atMs: number,
  ): void {
    const wasHeld = isHeld(before ?? undefined);
    if (after === null || !isHeld(after)) {
      if (!wasHeld) return;
      this.#count(after === null ? "slot given back" : "slot failed");
      const life = this.#held.get(host);
      if (life !== undefined) life.endedMs = atMs;
      this.#held.delete(host);
      return;
    }
    const policy = this.#tree.of(this.#service).entry?.policy;
    if (!wasHeld) {
      if (policy === undefined) return;
      this.#count("slot taken");
      const { from, to } = after;
      const life = { host, from, to, policy, takenMs: atMs, fencedMs: null, endedMs: null };
      this.slots.push(life);
      this.#held.set(host, life);
      return this.#checkGoing("admission", host, { slot: after, policy, atMs });
    }
    const life = this.#held.get(host);
    if (life === undefined || life.fencedMs !== null || after.step === "draining") return;
    // A failure while it drains is reported without a stop.
    if (after.step !== "stopping") return;
    life.fencedMs = atMs;
    this.#count("fence passed");
    this.#checkGoing("fence", host, { slot: after, policy: policy ?? life.policy, atMs });
  }

  #checkGoing(
    check: "admission" | "fence",
    host: string,
    { slot, policy, atMs }: { slot: Slot; policy: Policy; atMs: number },
  ): void {
    const { control, waves } = this.#tree;
    const entries = this.#tree.of(this.#service);
    const { roster, slots } = entries;
    const name = `${check} of ${host} to ${slot.to}`;
    if (control?.state !== "running") {
      this.#fail(check, `${name}: expected control to be running, was ${control?.state}`, {
        hosts: [host],
        atMs,
      });
    }
    if (slot.wave !== null && !waves.has(slot.wave)) {
      this.#fail(check, `${name}: expected its wave ${slot.wave} in the queue, it is gone`, {
        hosts: [host],
        atMs,
      });
    }
    const others = [...roster].filter((other) => other !== host);
    const holders = others.filter((other) => isHeld(slots.get(other)));
    if (slot.from !== null && holders.length >= policy.maxConcurrent) {
      this.#fail(
        check,
        `${name}: expected fewer than ${policy.maxConcurrent} others to switch, were ${holders}`,
        { hosts: [host, ...holders], atMs },
      );
    }
    if (!isCountedOn(entries, host)) return;
    const isUnread = (other: string) => atMs - (this.#vanishedMs.get(other) ?? 0) <= UNSEEN_END_MS;
    const problem = budgetProblem(entries, { host, policy, isUnread });
    if (problem === null) return;
    this.#fail(check, `${name}: ${problem.what}`, { hosts: [host, ...problem.hosts], atMs });
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  #fail(
    check: string,
    what: string,
    { hosts, atMs }: { hosts: readonly string[]; atMs: number },
  ): void {
    this.violations.push({ check, what, hosts, atMs });
  }
}
