/**
 * `rollcall rollout` on the command line: options and help of what is behind it.
 *
 * @module
 */

import type { Command } from "@commander-js/extra-typings";
import {
  hostArgument,
  jsonOption,
  reasonOption,
  reportTrackerOption,
  serviceOption,
  zookeeperOption,
} from "../shared/options.ts";
import { ignoreFreezeOption, timeoutOption } from "./options.ts";

/** What scripts go by. */
const EXIT_STATUS_HELP = `
Exit status of start and watch:
  0    finished
  1    halted, aborted or failed
  2    the command line or the plan is wrong, and nothing was written
  3    not over within --timeout, and going on
  130  stopped by Ctrl-C, and going on
All other commands: 0 done, 1 not.`;

/** Adds `rollcall rollout` and what is behind it. */
export function addRollout(program: Command): void {
  const rollout = program.command("rollout")
    .summary(
      "roll a plan out; see what it would do; watch, pause, resume, abort it, go back; what there was",
    )
    .usage("[options] <plan>\n       rollcall rollout COMMAND")
    .description("Roll a plan out, and watch, pause, resume or abort what is under way.")
    .addHelpText("after", EXIT_STATUS_HELP);
  rollout.command("start", { isDefault: true })
    .description(
      "Check a plan, start it, and show it until it ends. Ctrl-C leaves it running: the agents carry it.",
    )
    .argument("<plan>", "the plan (YAML)")
    .addOption(zookeeperOption())
    .option("--feed <url>", "the build machine's feed, where the plan does not name one")
    .option("--plan-version <version>", "start only what rollout plan has shown under that version")
    .addOption(reasonOption("why, for those who look at the status, and for the history"))
    .addOption(ignoreFreezeOption())
    .option("--detach", "do not wait for the end", false)
    .addOption(timeoutOption())
    .addOption(reportTrackerOption())
    .addOption(jsonOption("print snapshots of the fleet as JSON lines"))
    .action(async (plan, options) =>
      (await import("./rollout.ts")).startRolloutCommand(plan, options)
    );
  rollout.command("plan")
    .description(
      "Show what a plan would do to the fleet as it is now, wave by wave. Nothing is written.",
    )
    .argument("<plan>", "the plan (YAML)")
    .addOption(zookeeperOption())
    .option("--feed <url>", "the build machine's feed, where the plan does not name one")
    .addOption(jsonOption())
    .action(async (plan, options) => (await import("./plan.ts")).planCommand(plan, options));
  rollout.command("watch")
    .description("Show the rollout that is under way until it ends.")
    .addOption(zookeeperOption())
    .addOption(timeoutOption())
    .addOption(reportTrackerOption())
    .addOption(jsonOption("print snapshots of the fleet as JSON lines"))
    .action(async (options) => (await import("./rollout.ts")).watchRolloutCommand(options));
  rollout.command("history")
    .description("Show the rollouts that there were, the newest first, or what happened in one.")
    .argument("[id]", "the rollout")
    .addOption(zookeeperOption())
    .addOption(jsonOption())
    .action(async (id, options) => (await import("./history.ts")).historyCommand(id, options));
  rollout.command("pause")
    .description(
      "Let nobody else go down. Hosts that are switching finish. A halt that stands keeps its reason.",
    )
    .addOption(zookeeperOption())
    .addOption(reasonOption("why, for those who look at the status, and for the history"))
    .action(async (options) => (await import("./control.ts")).pauseCommand(options));
  rollout.command("resume")
    .description(
      "Go on: lift pause and halt. After a halt, hosts whose switch has failed try again.",
    )
    .addOption(zookeeperOption())
    .addOption(reasonOption("why, for the history"))
    .action(async (options) => (await import("./control.ts")).resumeCommand(options));
  rollout.command("promote")
    .description("Open the gate at which a wave waits, whatever it waits for.")
    .argument("[service]", "the service whose wave waits, where several do")
    .addOption(zookeeperOption())
    .addOption(reasonOption("why, for the history"))
    .action(async (service, options) =>
      (await import("./promote.ts")).promoteCommand(service, options)
    );
  rollout.command("abort")
    .description(
      "End the rollout: no wave goes on, hosts that have switched stay, its versions are withdrawn. A pause stays.",
    )
    .addOption(zookeeperOption())
    .addOption(reasonOption("why, for the history"))
    .action(async (options) => (await import("./control.ts")).abortCommand(options));
  rollout.command("rollback")
    .description(
      "Take the newest rollout back, whether it is under way, aborted or finished: a rollout of what was committed before, " +
        "in the reverse order. A pause stays.",
    )
    .addOption(zookeeperOption())
    .addOption(reasonOption("why, for those who look at the status, and for the history"))
    .option("--detach", "do not wait for the end", false)
    .addOption(timeoutOption())
    .addOption(reportTrackerOption())
    .addOption(jsonOption("print snapshots of the fleet as JSON lines"))
    .action(async (options) => (await import("./rollback.ts")).rollbackCommand(options));
  addHostWords(rollout);
}

function addHostWords(rollout: Command): void {
  rollout.command("retry")
    .description(
      "Let a host try again whose switch has failed, or that was left out. Nobody else's failure is forgotten, and a halt " +
        "stays: resume lifts it.",
    )
    .addArgument(hostArgument())
    .addOption(serviceOption("which of its services, where it is not clear"))
    .addOption(reasonOption("why, for the history"))
    .addOption(zookeeperOption())
    .action(async (host, options) =>
      (await import("./host_word.ts")).retryHostCommand(host, options)
    );
  rollout.command("skip")
    .description(
      "Leave a host out of the rollout: nobody waits for it, and it is no failure. It stays on what it runs until the next " +
        "rollout, or until retry.",
    )
    .addArgument(hostArgument())
    .addOption(serviceOption("which of its services, where it is not clear"))
    .addOption(reasonOption("why, for those who look at the status, and for the history"))
    .addOption(zookeeperOption())
    .action(async (host, options) =>
      (await import("./host_word.ts")).skipHostCommand(host, options)
    );
}

/** Adds `rollcall restart`. */
export function addRestart(program: Command): void {
  program.command("restart")
    .summary("start what a service runs anew, on one host after the other")
    .description(
      "Start the version that a service runs anew on all of its hosts: after a change of its environment, command or config.\n" +
        "It is a rollout: order, budget, health, bake time and failures are those of the service's policy.",
    )
    .argument("<service>", "the service")
    .addOption(zookeeperOption())
    .addOption(reasonOption("why, for those who look at the status, and for the history"))
    .addOption(ignoreFreezeOption())
    .option("--detach", "do not wait for the end", false)
    .addOption(timeoutOption())
    .addOption(reportTrackerOption())
    .addOption(jsonOption("print snapshots of the fleet as JSON lines"))
    .action(async (service, options) =>
      (await import("./restart.ts")).restartCommand(service, options)
    );
}
