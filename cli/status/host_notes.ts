/**
 * What is to be known of a host that it does not say itself: that it runs another version than the fleet and stays there, or that
 * its agent is there without the service. Pure.
 *
 * @module
 */

import type { Fleet } from "../../coordination/mod.ts";

/** The notes about hosts of a service, by host. */
export function notesOnHosts(
  service: string,
  { services, queue }: Pick<Fleet, "services" | "queue">,
): ReadonlyMap<string, string> {
  const { hosts = [], committed = null } = services[service] ?? {};
  const isQuiet = !queue.some((wave) => wave.service === service);
  const others = Object.entries(services).filter(([name]) => name !== service);
  const notes = new Map<string, string>();
  for (const { host, online, version, waitingFor, preparation, slot } of hosts) {
    const isElsewhere = others.some(([, other]) =>
      other.hosts.some((one) => one.host === host && one.online)
    );
    if (!online && isElsewhere) {
      notes.set(
        host,
        `its agent is online without ${service}: taken out of its config? rollcall hosts forget ${host} --service ${service}`,
      );
    }
    if (!online && !isElsewhere && !isQuiet && slot === null) {
      notes.set(host, `away; dead for good? rollcall hosts forget ${host}`);
    }
    // Whoever is on its way to the committed version says so.
    const isStill = online && waitingFor === null && preparation === null && slot === null;
    if (isQuiet && isStill && version !== null && committed !== null && version !== committed) {
      notes.set(
        host,
        `not the committed ${committed}; it stays on ${version} until the next rollout`,
      );
    }
  }
  return notes;
}

/** How many hosts of a service run another version than the committed one, while nothing is rolled out to it. */
export function countOthers(
  service: string,
  { services, queue }: Pick<Fleet, "services" | "queue">,
): number {
  const { hosts = [], committed = null } = services[service] ?? {};
  if (committed === null || queue.some((wave) => wave.service === service)) return 0;
  return hosts.filter(({ version }) => version !== null && version !== committed).length;
}
