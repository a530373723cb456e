/**
 * `rollcall agent`: one host's agent as a process.
 *
 * @module
 */

import { agentConfigSchema } from "../actors/config/agent_config.ts";
import { startAgent } from "../actors/agent/agent.ts";
import { checkMachine } from "../actors/agent/check_machine.ts";
import { type MessageHooks, systemClock } from "../actors/runtime/mod.ts";
import { CommandError, UsageError } from "./shared/errors.ts";
import { setUpLogging } from "./shared/logging.ts";
import type { LogLevelName } from "./shared/options.ts";
import { writeJson, writeLine } from "./shared/output.ts";
import { selfCommand } from "./shared/self_command.ts";
import { listenForStop } from "./shared/stop_signal.ts";
import { readYamlFile } from "./shared/yaml_file.ts";

/** Options of the command, as `rollcall agent --help` explains them. */
export interface AgentCommandOptions {
  readonly config: string;
  readonly json: boolean;
  readonly logLevel: LogLevelName;
}

/** Runs the agent until it is told to stop. */
export async function runAgent(options: AgentCommandOptions): Promise<void> {
  const config = await readYamlFile(options.config, "config", agentConfigSchema);
  const problems = checkMachine(config);
  if (problems.length > 0) {
    throw new UsageError(`check config ${options.config}:\n  ${problems.join("\n  ")}`);
  }
  const log = await setUpLogging("agent", options.logLevel);
  // A promise that a library has forgotten must not end the agent; the log says what it was.
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    log.error("unhandled rejection: {reason}", { reason: event.reason });
  });
  using stop = listenForStop();
  const messageHooks = await spansIfExported();
  const agent = await startAgent(config, {
    log,
    keeperCommand: selfCommand("pin-keeper"),
    createId: () => crypto.randomUUID(),
    clock: systemClock,
    ...messageHooks === undefined ? {} : { messageHooks },
  });
  // An error that is thrown outside of any actor ends the process right after this listener.
  globalThis.addEventListener("error", (event) => agent.recordCrash(event.error));
  if (options.json) writeJson({ endpoint: agent.endpoint });
  else {
    const services = Object.keys(config.services).join(", ");
    writeLine(
      `Agent of ${config.host} (${config.site}/${config.rack}) for ${services}; status at ${agent.endpoint}/status.`,
    );
  }
  const reason = await Promise.race([stop.stopped.then(() => null), agent.terminated]);
  await agent.stop();
  if (reason !== null && reason.kind === "failed") {
    throw new CommandError("agent: ended by a failure that restarting its actors did not mend", {
      cause: reason.error,
    });
  }
}

/** Hooks that make a span of every message, if Deno was told to export traces; otherwise spans would cost time and nobody would see them. */
async function spansIfExported(): Promise<MessageHooks | undefined> {
  if (!["1", "true"].includes(Deno.env.get("OTEL_DENO") ?? "")) return undefined;
  return (await import("../actors/observer/message_spans.ts")).messageSpans();
}
