/**
 * The course of the demo: v1 of both services is installed on every host, then v2 is rolled out live, while every service is
 * probed from outside; at the end all is verified.
 *
 * @module
 */

import { type AgentKill, killInTheMiddle } from "./agent_kill.ts";
import { DemoError } from "./deadlines.ts";
import { checkDiskSpace } from "./disk_space.ts";
import type { Display } from "./display.ts";
import type { Fleet } from "./fleet.ts";
import { countLockedBytes } from "./marked_processes.ts";
import type { DemoOptions } from "./options.ts";
import { QuorumWatch } from "./quorum_watch.ts";
import { type DemoRelease, makeReleases, type Version } from "./releases.ts";
import { type DemoReport, makeReport, perService } from "./report.ts";
import { Sampler } from "./sampler.ts";
import type { FleetSnapshot } from "./snapshot.ts";
import { timingsOf } from "./steps.ts";
import { TrafficMeter } from "./traffic.ts";
import { verifyEndpoints } from "./verification.ts";
import type { Workspace } from "./workspace.ts";

/** What the demo works with. */
export interface StoryOptions {
  readonly options: DemoOptions;
  readonly workspace: Workspace;
  readonly fleet: Fleet;
  readonly display: Display;
  readonly signal: AbortSignal;
}

/** Runs the demo and returns its report, in which broken invariants are listed. Rejects when it cannot go on. */
export async function tellStory(story: StoryOptions): Promise<DemoReport> {
  const { options, workspace, fleet, display, signal } = story;
  // Ends before the demo cleans up, because that every host goes offline then is not worth showing.
  using _shown = listenUntilDisposed(fleet, (snapshot) => display.accept(snapshot));
  const traffic = new TrafficMeter();
  fleet.status.subscribe((snapshot) => traffic.accept(snapshot));

  const releases = await display.step("start fleet", async () => {
    const made = await makeReleases(`${workspace.folder}/build`, { ...options, signal });
    display.releaseBytes = largestBytes(made);
    await checkDiskSpace(workspace.folder, neededBytes(made, fleet.hosts.length));
    await fleet.start(largestBytes(made));
    return made;
  });
  const publish = async (version: Version) => {
    for (const release of releases.filter((other) => other.version === version)) {
      await fleet.publish(release);
    }
  };
  await display.step("publish v1", () => publish("v1"));
  await display.step("install v1", async () => {
    await fleet.rollOut("v1", largestBytes(releases));
    await fleet.waitForVersion("v1", largestBytes(releases));
    await expectEverywhere("v1", { fleet, releases });
  });
  await display.step("publish v2", () => publish("v2"));

  const sampler = new Sampler(fleet.endpoints);
  const quorum = new QuorumWatch("v2");
  const unsubscribe = fleet.status.subscribe((snapshot) => quorum.accept(snapshot));
  try {
    sampler.start();
    const beganMs = performance.now();
    const killed = await display.step(
      "roll out v2",
      () => rollOutLive(story, { sampler, releases }),
    );
    const durationMs = performance.now() - beganMs;
    // Where an agent was killed, the one that took its place is of interest.
    const insideHost = killed?.host ?? fleet.hosts[0]?.name ?? "";
    const [verdicts, actorsCount] = await display.step("check", async () => {
      const answers = await Promise.all([
        verifyEndpoints(fleet.endpoints, releases),
        fleet.countActors(insideHost),
      ]);
      await sampler.stop();
      return answers;
    });
    const snapshot = fleet.status.latest;
    if (snapshot === null) throw new DemoError("check: no status was seen");
    return makeReport({
      hosts: fleet.hosts,
      releases: releases.filter(({ version }) => version === "v2"),
      verdicts,
      snapshot,
      received: (of) => traffic.received(of),
      observations: perService((service) => sampler.observe(service)),
      order: sampler.order("v2"),
      // A wave ends when all of its hosts that are online have switched; one that was away catches up later.
      takeovers: perService((service) => sampler.takeover(service, "v2", { except: killed?.host })),
      quorums: perService((service) => quorum.firstSwitch(service)),
      durationMs,
      lockedBytes: countLockedBytes(workspace.mark),
      killed,
      inside: { host: insideHost, actorsCount },
      timings: timingsOf(display.steps),
    });
  } finally {
    unsubscribe();
    await sampler.stop();
  }
}

function listenUntilDisposed(
  fleet: Fleet,
  listener: (snapshot: FleetSnapshot) => void,
): Disposable {
  const unsubscribe = fleet.status.subscribe(listener);
  return { [Symbol.dispose]: unsubscribe };
}

async function rollOutLive(
  { options, fleet, display, signal }: StoryOptions,
  { sampler, releases }: { readonly sampler: Sampler; readonly releases: readonly DemoRelease[] },
): Promise<AgentKill | null> {
  const rollout = fleet.rollOut("v2", largestBytes(releases));
  const kill = options.killHost === null ? null : killInTheMiddle(fleet, {
    host: options.killHost,
    sampler,
    signal,
    rolloutEnd: rollout,
    say: (text) => display.say(text),
  });
  const [killed] = await Promise.all([kill, rollout]);
  await fleet.waitForVersion("v2", largestBytes(releases));
  return killed;
}

async function expectEverywhere(
  version: Version,
  { fleet, releases }: { readonly fleet: Fleet; readonly releases: readonly DemoRelease[] },
): Promise<void> {
  const verdicts = await verifyEndpoints(fleet.endpoints, releases);
  const wrong = verdicts.filter((verdict) =>
    verdict.version !== version || !verdict.contentMatches
  );
  if (wrong.length === 0) return;
  const answers = wrong.map(({ endpoint, version: answer, contentMatches }) =>
    `  ${endpoint.host} ${endpoint.service}: ${answer ?? "no answer"}${
      answer === version && !contentMatches ? ", other bytes than published" : ""
    }`
  );
  throw new DemoError(
    `install ${version}: expected every service to answer with it\n${answers.join("\n")}`,
  );
}

function largestBytes(releases: readonly DemoRelease[]): number {
  return Math.max(...releases.map(({ sizeBytes }) => sizeBytes));
}

/** Room for every release on every host and on the build machine. */
function neededBytes(releases: readonly DemoRelease[], hostsCount: number): number {
  const allBytes = releases.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
  return allBytes * (hostsCount + 1);
}
