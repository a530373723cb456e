/**
 * Whether an agent's config fits the machine, before anything of it begins: a port that is taken, or a folder that cannot be
 * made, would else be found by an actor that fails again and again, when the host is on the roster already.
 *
 * @module
 */

import { anyAddress, formatAddress } from "../../base/ip_address.ts";
import { reasonOf } from "../../base/reason.ts";
import { findServiceUser } from "../../host/mod.ts";
import type { AgentConfig } from "../config/agent_config.ts";

/** What is wrong, one line for each key of the config. Makes the data folder, and leaves nothing else behind. */
export function checkMachine(config: AgentConfig): string[] {
  const problems = [checkDataDir(config.dataDir), ...checkPorts(config)];
  for (const [service, owner] of Object.entries(config.services)) {
    try {
      findServiceUser(owner);
    } catch (error) {
      const key = owner.user === undefined ? "group" : "user";
      problems.push(`services.${service}.${key}: ${reasonOf(error)}`);
    }
  }
  return problems.filter((problem) => problem !== null);
}

function checkDataDir(dataDir: string): string | null {
  try {
    Deno.mkdirSync(dataDir, { recursive: true });
    Deno.removeSync(Deno.makeTempFileSync({ dir: dataDir, prefix: ".probe-" }));
    return null;
  } catch (error) {
    return `dataDir: expected a folder that can be made and written to, was ${dataDir}: ${
      reasonOf(error)
    }`;
  }
}

/** All ports at once, since two keys may have the same. */
function checkPorts({ listen, actorsPort, torrentPort }: AgentConfig): string[] {
  const problems: string[] = [];
  const listeners: Deno.Listener[] = [];
  const places = [
    ["listen", listen],
    ["actorsPort", { ...listen, port: actorsPort }],
    ["torrentPort", { hostname: anyAddress(), port: torrentPort }],
  ] as const;
  for (const [key, { hostname, port }] of places) {
    if (port === 0 && key !== "listen") continue;
    try {
      listeners.push(Deno.listen({ hostname, port }));
    } catch (error) {
      problems.push(
        `${key}: expected a free port on an address of this machine, was ${
          formatAddress(hostname, port)
        }: ${reasonOf(error)}`,
      );
    }
  }
  for (const listener of listeners) listener.close();
  return problems;
}
