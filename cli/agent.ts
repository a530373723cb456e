/**
 * `rollcall agent`: one host's agent as a process.
 *
 * @module
 */

import { agentConfigSchema } from "../actors/config/agent_config.ts";
import { startAgent } from "../actors/agent/agent.ts";
import { type MessageHooks, systemClock } from "../actors/runtime/mod.ts";
import { CommandError } from "./shared/errors.ts";
import { setUpLogging } from "./shared/logging.ts";
import { writeJson, writeLine } from "./shared/output.ts";
import { selfCommand } from "./shared/self_command.ts";
import { listenForStop } from "./shared/stop_signal.ts";
import { readYamlFile } from "./shared/yaml_file.ts";

/** Options of the command. */
export interface AgentCommandOptions {
  readonly config: string;
  readonly json: boolean;
  readonly logLevel: "debug" | "info" | "warning" | "error";
}

/** Runs the agent until it is told to stop. */
export async function runAgent(options: AgentCommandOptions): Promise<void> {
  const config = await readYamlFile(options.config, "config", agentConfigSchema);
  const log = await setUpLogging("agent", options.logLevel);
  // A library's forgotten promise must not take services' agent down; what it was is in the log.
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
  // Thrown outside of any actor, it ends the process right after this.
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

/** Spans of all messages, if Deno was told to export what is traced: else nobody would see what they cost. */
async function spansIfExported(): Promise<MessageHooks | undefined> {
  if (!["1", "true"].includes(Deno.env.get("OTEL_DENO") ?? "")) return undefined;
  return (await import("../actors/observer/message_spans.ts")).messageSpans();
}
