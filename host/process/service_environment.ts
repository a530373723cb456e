/**
 * The environment that a service starts with. It is built from a list of what is allowed: the agent's
 * own environment may hold credentials, and variables that change what a program does, none of which
 * are a service's business. Whatever else a service needs is in the config's `env`.
 */

import type { ServiceUser } from "./service_user.ts";

/** What a service gets of the agent's environment: where programs are, language and time zone, and whose it is. */
const INHERITED: readonly string[] = [
  "PATH",
  "LANG",
  "LANGUAGE",
  "TZ",
  "TMPDIR",
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
];

/** As {@linkcode INHERITED}: the parts of the language, such as `LC_ALL`. See locale(7). */
const INHERITED_PREFIX = "LC_";

/** These say whose the process is: not the agent's user, if the service runs as another. */
const OF_THE_USER: readonly string[] = ["TMPDIR", "HOME", "USER", "LOGNAME", "SHELL"];

/** The environment of a service, before the config's entries are added. */
export function serviceEnvironment(
  agentEnvironment: Readonly<Record<string, string>>,
  user: ServiceUser | null,
): Record<string, string> {
  const environment = Object.fromEntries(
    Object.entries(agentEnvironment).filter(([name]) =>
      (INHERITED.includes(name) || name.startsWith(INHERITED_PREFIX)) &&
      (user === null || !OF_THE_USER.includes(name))
    ),
  );
  const account = user?.account ?? null;
  if (account === null) return environment;
  const { name, home, shell } = account;
  return { ...environment, HOME: home, USER: name, LOGNAME: name, SHELL: shell };
}
