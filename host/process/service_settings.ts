/**
 * How a service is started, as far as its config says it, and whether a process that runs was started the same way. The
 * record keeps digests alone: environments hold passwords.
 */

import { createHash } from "node:crypto";
import type { ServiceResources } from "./service_limits.ts";
import type { ServiceOwner } from "./service_user.ts";

/** What makes a process of a service the way it is, besides its version. */
export interface ServiceSettings extends ServiceOwner, ServiceResources {
  argv: readonly [string, ...string[]];
  /** Added to what a service gets of the agent's environment, see service_environment.ts. */
  env?: Readonly<Record<string, string>>;
  cwd: string;
}

/** Digits of a digest: enough to tell two values apart. */
const DIGEST_DIGITS = 16;

/** A digest of each setting, by the name that an operator knows it by. */
export function digestSettings(settings: ServiceSettings, salt: string): Record<string, string> {
  const { argv, env = {}, cwd, user, group, ulimits, oomScoreAdjust } = settings;
  const named: Record<string, unknown> = {
    command: argv,
    workingDirectory: cwd,
    user,
    group,
    ulimits,
    oomScoreAdjust,
  };
  for (const [name, value] of Object.entries(env)) named[`env ${name}`] = value;
  return Object.fromEntries(
    Object.entries(named).filter(([, value]) => value !== undefined).map(([name, value]) => {
      const text = JSON.stringify([salt, name, value]);
      return [name, createHash("sha256").update(text).digest("hex").slice(0, DIGEST_DIGITS)];
    }),
  );
}

/** The names of the settings that differ, in alphabetical order. */
export function differingSettings(
  one: Readonly<Record<string, string>>,
  other: Readonly<Record<string, string>>,
): string[] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].filter((name) => one[name] !== other[name]).sort();
}
