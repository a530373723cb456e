/**
 * The operator of a run: publishes one version after the other and rolls it out, resumes or aborts what was halted, and
 * gives the orders of the schedule. All of it by the real command line.
 *
 * @module
 */

import { stringify } from "yaml";
import type { Commands, FeedPlace } from "../../scripts/demo/commands.ts";
import { rollcall } from "../integration/cli/rollcall_process.ts";
import { RandomStream } from "../simulation/fleet/random.ts";
import type { Violation } from "./decisions.ts";
import { makeReleaseFolder, type ReleaseFolder } from "./releases.ts";
import type { PlannedPolicy } from "./schedule.ts";

/** What an operator depends on. */
export interface OperatorOptions {
  readonly commands: Commands;
  readonly feed: FeedPlace & { readonly feedUrl: string };
  readonly zookeeper: string;
  readonly folder: string;
  readonly service: string;
  readonly seed: number;
  readonly policies: readonly PlannedPolicy[];
  /** Notes what was done. */
  readonly say: (text: string) => void;
}

/** Time before a command that was refused is given again. */
const RETRY_MS = 500;
/** How often a rollout that was halted is resumed rather than aborted. */
const RESUME_SHARE = 0.7;
/** What a program prints that has failed in a way that it did not foresee. */
const CRASH = /Uncaught|panicked|^\s+at .*\.ts:\d+/m;

/** Gives orders. */
export class Operator {
  /** All that was published, in order. */
  readonly published: ReleaseFolder[] = [];
  /** Commands that crashed. */
  readonly violations: Violation[] = [];
  /** How often each command ended how. */
  readonly counts = new Map<string, number>();
  readonly #options: OperatorOptions;
  readonly #random: RandomStream;
  #planCount = 0;

  constructor(options: OperatorOptions) {
    this.#options = options;
    this.#random = new RandomStream(options.seed).fork("operator");
  }

  /** The version that was published last. */
  get newest(): string {
    return this.published.at(-1)?.version ?? "";
  }

  /** Publishes the next version. */
  async publishNext(): Promise<string> {
    const { commands, feed, folder, service, seed } = this.#options;
    const version = `v${this.published.length + 1}`;
    const release = await makeReleaseFolder(`${folder}/content/${version}`, {
      service,
      version,
      seed,
    });
    this.published.push(release);
    await commands.publish(release, feed);
    return version;
  }

  /** Rolls one version out after the other until the signal is aborted; what is under way then goes on. */
  async rollOutVersions(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const version = await this.publishNext();
      await this.#rollOut(version, signal);
    }
  }

  /** Begins a rollout and returns at once: whether it was begun. */
  async start(version: string, policy: PlannedPolicy): Promise<boolean> {
    const plan = await this.#writePlan(version, policy);
    return await this.#command(["rollout", plan, "--detach"]);
  }

  async pause(): Promise<void> {
    await this.#command(["rollout", "pause", "--reason", "chaos"]);
  }

  async resume(): Promise<void> {
    await this.#command(["rollout", "resume"]);
  }

  /** Has a host try again that has failed. */
  async retry(host: string): Promise<void> {
    await this.#command(["rollout", "retry", host]);
  }

  async abort(): Promise<void> {
    await this.#command(["rollout", "abort"]);
  }

  /** Starts a rollout beside the one that may be under way. */
  async startBeside(): Promise<void> {
    await this.start(this.newest, this.#nextPolicy());
  }

  async #rollOut(version: string, signal: AbortSignal): Promise<void> {
    const { say } = this.#options;
    const plan = await this.#writePlan(version, this.#nextPolicy());
    let args = ["rollout", plan];
    while (!signal.aborted) {
      const said = await untilAborted(this.#run(args), signal);
      if (said === null) return;
      say(`rollout of ${version}: ${said.split("\n", 1)[0] || "finished"}`);
      if (said === "" || said.includes(": aborted")) return;
      await untilAborted(delay(RETRY_MS), signal);
      if (said.includes("halted by") && !said.includes("resume it first")) {
        const isResumed = this.#random.chance(RESUME_SHARE);
        await (isResumed ? this.resume() : this.abort());
        if (!isResumed) return;
        args = ["rollout", "watch"];
      } else if (said.includes("is under way with")) {
        args = ["rollout", "watch"];
      }
    }
  }

  #nextPolicy(): PlannedPolicy {
    const { policies } = this.#options;
    const policy = policies[this.#planCount % policies.length];
    if (policy === undefined) throw new Error("operator: expected a policy, there is none");
    return policy;
  }

  async #writePlan(version: string, policy: PlannedPolicy): Promise<string> {
    const { folder, service, feed } = this.#options;
    const path = `${folder}/plan-${++this.#planCount}.yaml`;
    await Deno.writeTextFile(
      path,
      stringify({ feed: feed.feedUrl, services: { [service]: { version, policy } } }),
    );
    return path;
  }

  /** Gives an order; whether it was taken. */
  async #command(args: readonly string[]): Promise<boolean> {
    const said = await this.#run(args);
    this.#options.say(`${args.slice(0, 2).join(" ")}: ${said.split("\n", 1)[0] || "done"}`);
    return said === "";
  }

  /** Runs a command; the message that it failed with, empty if it has not. */
  async #run(args: readonly string[]): Promise<string> {
    const { status, stderr, stdout } = await rollcall(
      ...args,
      "--zookeeper",
      this.#options.zookeeper,
    );
    const name = args[1]?.endsWith(".yaml") ? "rollout start" : args.slice(0, 2).join(" ");
    const outcome = `${name} ${status === 0 ? "done" : "refused or ended"}`;
    this.counts.set(outcome, (this.counts.get(outcome) ?? 0) + 1);
    if (CRASH.test(stderr) || status > 1) {
      this.violations.push({
        check: "command",
        what:
          `rollcall ${args.join(" ")}: expected status 0, or 1 with a message, was ${status}:\n` +
          stderr.trimEnd(),
        hosts: [],
        atMs: Date.now(),
      });
    }
    return status === 0 ? "" : stderr.trim() || stdout.trim() || `status ${status}`;
  }
}

/** The result of the work, or `null` if the signal is aborted first; then the work goes on unseen. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  if (signal.aborted) return null;
  const { promise, resolve } = Promise.withResolvers<null>();
  const onAbort = () => resolve(null);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function delay(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
