/**
 * The command line: options and help of every command. What a command does is in the file of its name, which is loaded
 * only when the command is run.
 *
 * @module
 */

import { Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import denoConfig from "../deno.json" with { type: "json" };
import {
  engineOption,
  hostOption,
  quietLogOption,
  rackOption,
  reuseOption,
  siteOption,
  SOURCE_HELP,
  torrentPortOption,
  trackerOption,
  untilOption,
} from "./fetch/options.ts";
import { parseDuration } from "./fetch/seed_goal.ts";
import {
  adminOption,
  allowHostOption,
  collectTracker,
  hostArgument,
  jsonOption,
  listenOption,
  logLevelOption,
  reasonOption,
  reportTrackerOption,
  serviceOption,
  zookeeperOption,
} from "./shared/options.ts";
import { addPin } from "./pin/commands.ts";
import { addRestart, addRollout } from "./rollout/commands.ts";
import { agentTimeoutOption } from "./rollout/options.ts";
import { addTracker } from "./tracker/options.ts";

/** Creates the program with all its commands. It throws commander's errors instead of ending the process. */
export function createProgram(): Command {
  const program = new Command("rollcall")
    .description("Rolls releases of static data out over a fleet: BitTorrent, mlock, ZooKeeper.")
    .version(denoConfig.version, "-V, --version")
    .showHelpAfterError("(rollcall --help shows the commands)")
    // What stands behind an inner command belongs to it, also where the outer one has an option of that name.
    .enablePositionalOptions()
    .exitOverride();
  addCoordinator(program);
  addTracker(program);
  addPublish(program);
  addUnpublish(program);
  addFetch(program);
  addSeed(program);
  addPin(program);
  addAgent(program);
  addRollout(program);
  addRestart(program);
  addStatus(program);
  addHost(program);
  addLogs(program);
  addActors(program);
  for (const command of program.commands) {
    command.exitOverride().showHelpAfterError(
      `(rollcall ${command.name()} --help shows what is expected)`,
    );
    for (const inner of command.commands) {
      inner.exitOverride().showHelpAfterError(
        `(rollcall ${command.name()} ${inner.name()} --help shows what is expected)`,
      );
    }
  }
  return program;
}

function addCoordinator(program: Command): void {
  const coordinator = program.command("coordinator")
    .enablePositionalOptions()
    .summary("run the embedded coordinator, in place of ZooKeeper on one machine")
    .description(
      "Run the embedded coordinator: ZooKeeper's protocol for one machine, development and tests.\n" +
        "Production fleets use a real ZooKeeper ensemble.",
    )
    .addOption(listenOption("127.0.0.1:2181"))
    .option(
      "-d, --data <dir>",
      "keep the tree in this folder; without it, all is gone when it stops",
    )
    .option(
      "--enforce-quota",
      "refuse what exceeds a hard quota; without it, it is only logged",
      false,
    )
    .addOption(adminOption())
    .addOption(jsonOption('print {"listening", "adminUrl"} as JSON on stdout once ready'))
    .addOption(logLevelOption())
    .action(async (options) => (await import("./coordinator.ts")).runCoordinator(options));
  coordinator.command("backup")
    .summary("copy the data of a coordinator, which may be running")
    .description(
      "Copy the data of a coordinator, which may be running, to a new file: all of it, as it was at one moment.\n" +
        "To restore it, put it into an empty folder as coordinator.sqlite, and start a coordinator on that folder.",
    )
    .argument("<file>", "the copy; on a disk that is not the data's own, it is worth more")
    .requiredOption("-d, --data <dir>", "the coordinator's folder")
    .addOption(jsonOption('print {"file", "nodes", "lastZxid", "sizeBytes"} as JSON on stdout'))
    .action(async (file, options) =>
      (await import("./coordinator_backup.ts")).runCoordinatorBackup(file, options)
    );
}

function addPublish(program: Command): void {
  program.command("publish")
    .summary("publish a release, serve the feed, be the first seed")
    .description(
      "Publish a release, serve the feed and be the first seed, until stopped.\n" +
        "Where a publish already serves the feed, it takes the release over and this one ends.\n" +
        "The content is seeded from where it lies: leave it as it is, and publish the next version from another folder; or\n" +
        "have a copy of it seeded with --copy.",
    )
    .argument("[service]", "service that the release is for")
    .argument("[version]", "its version; one name is given to one content only")
    .argument(
      "[path]",
      "file or folder, which is seeded from where it lies",
    )
    .option(
      "--copy",
      "seed a copy that the feed's folder keeps, so that the path may change; it shares its blocks where the file system can",
      false,
    )
    .option("--empty", "no path: a release without data, to restart services that need none", false)
    .requiredOption("-f, --feed <dir>", "folder of the feed; made if it is missing")
    .addOption(listenOption("0.0.0.0:8080", "where to serve the feed"))
    .option(
      "-a, --announce <url>",
      "announce URL of the tracker; may be given again for a second one",
      collectTracker,
      [],
    )
    .option("--host <name>", "name of this machine among the peers (default: its own)")
    .option("--site <name>", "its site", "unknown")
    .option("--rack <name>", "its rack", "unknown")
    .addOption(torrentPortOption())
    .addOption(engineOption())
    .option(
      "--no-chunk-map",
      "leave the chunk map out of the .torrent: faster, but hosts reuse whole files, not what has moved within one",
    )
    .option(
      "--base-url <url>",
      "what the feed's URLs begin with, where it differs from the address",
    )
    .addOption(allowHostOption())
    .addOption(jsonOption('print {"feedUrl"} as JSON on stdout once ready'))
    .addOption(logLevelOption())
    .action(async (service, version, path, options) =>
      (await import("./publish.ts")).runPublish({ service, version, path }, options)
    );
}

function addUnpublish(program: Command): void {
  program.command("unpublish")
    .summary("take a release out of a feed")
    .description(
      "Take a release out of a feed, and seed it no more. Its version may be published anew. Hosts that have it keep it. Refused\n" +
        "while the fleet wants it: it is committed, on offer, run by a host that is online, or what a rollback goes back to.",
    )
    .argument("<service>", "its service")
    .argument("<version>", "its version")
    .requiredOption("-f, --feed <dir>", "folder of the feed")
    .addOption(zookeeperOption())
    .option("--force", "without looking whether the fleet wants it", false)
    .addOption(jsonOption('print {"infoHash"} as JSON on stdout'))
    .action(async (service, version, options) =>
      (await import("./unpublish.ts")).runUnpublish({ service, version }, options)
    );
}

function addFetch(program: Command): void {
  program.command("fetch")
    .summary("fetch a release by hand, with a bar")
    .description(
      "Fetch a release from its swarm, verify every file, and seed it if asked. " +
        "Ctrl-C, a crash or a full disk lose nothing: the same command goes on where it was.",
    )
    .argument("<source>", SOURCE_HELP)
    .argument("[service]", "service, where a feed offers several")
    .argument("[version]", "its version (default: the newest of the feed)")
    .option("-o, --to <dir>", "folder for its files (default: SERVICE-VERSION in this folder)")
    .addOption(trackerOption())
    .option("-s, --seed-after", "go on seeding until Ctrl-C", false)
    .addOption(untilOption())
    .addOption(reuseOption())
    .option("--no-reuse", "take nothing from earlier releases on this machine")
    .option("--rehash", "believe nothing that lies there: hash all of it first", false)
    .addOption(
      new Option("--patience <time>", "give up when nothing has arrived for so long; 0: never")
        .argParser(parseDuration).default(300_000, "5m"),
    )
    .addOption(hostOption())
    .addOption(siteOption())
    .addOption(rackOption())
    .addOption(torrentPortOption())
    .addOption(engineOption())
    .addOption(jsonOption("print an object when it is fetched, one more when seeding ends"))
    .addOption(quietLogOption())
    .addHelpText(
      "after",
      `
Examples:
  rollcall fetch http://build:8080/feed.json             the newest release of the only service there
  rollcall fetch http://build:8080/feed.json web v2      that one
  rollcall fetch web-v2.torrent --to /srv/web --until 2  seed until two copies are given away
  rollcall fetch 'magnet:?xt=urn:btih:…'                 in quotes: & means something to a shell
  rollcall fetch 0f3a… --tracker http://tracker:8000/announce`,
    )
    .action(async (source, service, version, options) =>
      (await import("./fetch/fetch.ts")).runFetch({ source, service, version }, options)
    );
}

function addSeed(program: Command): void {
  program.command("seed")
    .summary("seed a release by hand, from files that are here already")
    .description(
      "Verify the files of a release, then seed them from where they lie, until Ctrl-C or a goal.",
    )
    .argument("<source>", SOURCE_HELP)
    .argument("<path>", "the folder with its files, or its only file")
    .argument("[service]", "service, where a feed offers several")
    .argument("[version]", "its version (default: the newest of the feed)")
    .addOption(trackerOption())
    .addOption(untilOption())
    .option("--no-verify", "look at the files' sizes only")
    .addOption(hostOption())
    .addOption(siteOption())
    .addOption(rackOption())
    .addOption(torrentPortOption())
    .addOption(engineOption())
    .addOption(jsonOption("print an object once it seeds, one more when it ends"))
    .addOption(quietLogOption())
    .action(async (source, path, service, version, options) =>
      (await import("./fetch/seed.ts")).runSeed({ source, path, service, version }, options)
    );
}

function addAgent(program: Command): void {
  program.command("agent")
    .summary("run this host's agent")
    .description(
      "Run this host's agent: fetches, verifies and pins releases, and takes its services through upgrades.",
    )
    .requiredOption("-c, --config <file>", "the agent's config (YAML)")
    .addOption(jsonOption('print {"endpoint"} as JSON on stdout once ready'))
    .addOption(logLevelOption())
    .action(async (options) => (await import("./agent.ts")).runAgent(options));
}

function addStatus(program: Command): void {
  program.command("status")
    .summary("show what each host runs, how ready it is, why it waits, and how releases spread")
    .description(
      "Show what each host runs, how ready it is, and why it waits; and how releases spread, by their tracker's word.",
    )
    .addOption(zookeeperOption())
    .addOption(reportTrackerOption())
    .option("-w, --watch", "show changes until stopped", false)
    .addOption(jsonOption())
    .action(async (options) => (await import("./status/status.ts")).runStatus(options));
}

function addHost(program: Command): void {
  const host = program.command("hosts")
    .alias("host")
    .summary(
      "list the hosts; drain one that is to be worked on; take one that is dead for good out of the fleet, free its slot",
    )
    .description("The hosts of the fleet, and what operators do about a single one.");
  host.command("list")
    .description(
      "List the hosts: what each runs, whether it is online, what has failed, and who holds a slot.",
    )
    .addOption(zookeeperOption())
    .addOption(jsonOption())
    .action(async (options) => (await import("./hosts.ts")).listHostsCommand(options));
  host.command("drain")
    .description(
      "Have nobody count on a host, since somebody is to work on it: it counts as away, its agent takes it out of what sends " +
        "it work by the hook drain, and its services run on. Refused beyond the budget, and in the middle of a switch.",
    )
    .addArgument(hostArgument())
    .addOption(serviceOption())
    .addOption(reasonOption("why, for status and the history"))
    .option("--force", "also beyond the budget, and in the middle of a switch", false)
    .addOption(agentTimeoutOption())
    .addOption(zookeeperOption())
    .action(async (name, options) =>
      (await import("./hosts_drain.ts")).drainHostCommand(name, options)
    );
  host.command("undrain")
    .description(
      "Have a drained host put back: its agent runs the hook undrain, and counts again then. One that is offline is put back " +
        "when it comes back.",
    )
    .addArgument(hostArgument())
    .addOption(serviceOption())
    .addOption(reasonOption("why, for the history"))
    .addOption(agentTimeoutOption())
    .addOption(zookeeperOption())
    .action(async (name, options) =>
      (await import("./hosts_drain.ts")).undrainHostCommand(name, options)
    );
  host.command("forget")
    .description(
      "Take a host off the rosters and free its slots, so that nobody waits for it any more. Should it come back, its " +
        "agent joins again. A host whose agent is online is refused: stop the agent first.",
    )
    .addArgument(hostArgument())
    .addOption(serviceOption())
    .addOption(reasonOption("why, for the history"))
    .addOption(zookeeperOption())
    .action(async (name, options) => (await import("./hosts.ts")).forgetHostCommand(name, options));
  host.command("release-slot")
    .description(
      "Free a slot in a host's name whose machine is gone for good: a clone, or the machine that had the name before. " +
        "Refused while that machine's agent is online, which gives it back by itself.",
    )
    .addArgument(hostArgument())
    .addOption(serviceOption())
    .addOption(reasonOption("why, for the history"))
    .option("--force", "also while its agent is online: another host may go down beside it", false)
    .addOption(zookeeperOption())
    .action(async (name, options) =>
      (await import("./hosts.ts")).releaseSlotCommand(name, options)
    );
  host.command("release-quarantine")
    .description(
      "Have a host counted on again whose service was started again too often, before it has been well for long enough. " +
        "Should it go on like that, it is in quarantine again.",
    )
    .addArgument(hostArgument())
    .addOption(serviceOption())
    .addOption(reasonOption("why, for the history"))
    .addOption(zookeeperOption())
    .action(async (name, options) =>
      (await import("./hosts.ts")).releaseQuarantineCommand(name, options)
    );
}

function addLogs(program: Command): void {
  program.command("logs")
    .summary("show what a service has written on a host")
    .description(
      "Show the last lines that a service has written on a host, and with --follow what comes. The host's agent shows its\n" +
        "logs only with serveLogs: true in its config.",
    )
    .argument("<host>", "its name, or the URL of its agent's endpoint")
    .argument("<service>", "the service")
    .addOption(
      new Option("-n, --lines <count>", "how many lines, at most 1000").argParser(parseLines)
        .default(100),
    )
    .option("-f, --follow", "go on with what comes until stopped", false)
    .addOption(zookeeperOption())
    .action(async (host, service, options) =>
      (await import("./logs.ts")).runLogs({ host, service }, options)
    );
}

/** Most lines of a log that an agent shows at a time. */
const MAX_LINES = 1000;

function parseLines(text: string): number {
  const lines = /^\d{1,4}$/.test(text) ? Number(text) : NaN;
  if (lines <= MAX_LINES) return lines;
  throw new InvalidArgumentError(`expected a number from 0 to ${MAX_LINES}, was "${text}".`);
}

function addActors(program: Command): void {
  program.command("actors")
    .summary("show the actors of a host's agent, live")
    .description(
      "Show the actors of a host's agent, once a second until stopped: messages that wait, handled per second, time per\n" +
        "message, drops, restarts, and what each says of its state. It only looks.",
    )
    .argument("<host>", "its name, or the URL of its agent's endpoint")
    .option("--once", "look for a second, show it, and end", false)
    .option("--events", "what happened last instead: starts, failures, ends, dead letters", false)
    .option("--trace <path>", "what one actor handles instead, such as /agent/registrar")
    .addOption(zookeeperOption())
    .addOption(jsonOption("print looks as JSON lines"))
    .action(async (host, options) => (await import("./actors/actors.ts")).runActors(host, options));
}
