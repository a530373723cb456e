/**
 * What is left of a scenario that was shortened: some of its hosts, of its services and of its faults, which may last for less
 * time. It is kept beside the scenario and not in its place, so that a few options of the command line bring it back.
 *
 * @module
 */

import type { Fault } from "./faults.ts";
import type { PlannedService, Scenario } from "./scenario.ts";

/** A fault that is kept: its number in the scenario, and how long it lasts. */
export interface KeptFault {
  readonly index: number;
  readonly forMs: number;
}

/** What is kept of a scenario. */
export interface Reduction {
  readonly faults: readonly KeptFault[];
  readonly hosts: readonly string[];
  readonly services: readonly string[];
}

/** All of a scenario. */
export function wholeOf({ faults, hosts, services }: Scenario): Reduction {
  return {
    faults: faults.map(({ forMs }, index) => ({ index, forMs })),
    hosts: hosts.map(({ name }) => name),
    services: services.map(({ name }) => name),
  };
}

/** The part of a scenario that is kept. */
export function reduce(scenario: Scenario, kept: Reduction): Scenario {
  const [firstService = ""] = kept.services;
  const isKept = (service: string) => kept.services.includes(service);
  return {
    ...scenario,
    hosts: scenario.hosts.filter(({ name }) => kept.hosts.includes(name)).map((host) => ({
      ...host,
      services: host.services.filter(isKept),
    })),
    services: scenario.services.filter(({ name }) => isKept(name))
      .map((service) => reduceService(service, kept)),
    faults: kept.faults.flatMap(({ index, forMs }): Fault[] => {
      const fault = scenario.faults[index];
      if (fault === undefined) return [];
      return [{ ...fault, forMs, service: isKept(fault.service) ? fault.service : firstService }];
    }),
  };
}

function reduceService(service: PlannedService, { hosts, services }: Reduction): PlannedService {
  const canary = service.canary?.filter((host) => hosts.includes(host)) ?? [];
  return {
    ...service,
    dependsOn: service.dependsOn.filter((other) => services.includes(other)),
    // A canary of everybody is no canary.
    canary: canary.length === 0 || canary.length === hosts.length ? null : canary,
  };
}

/** The options that bring a reduction back; none for the whole. */
export function reductionOptions(scenario: Scenario, kept: Reduction): string[] {
  const whole = wholeOf(scenario);
  const faults = kept.faults.map(({ index, forMs }) =>
    forMs === scenario.faults[index]?.forMs ? `${index}` : `${index}:${forMs}`
  ).join(",");
  const isSame = (one: keyof Reduction) => JSON.stringify(kept[one]) === JSON.stringify(whole[one]);
  return [
    ...isSame("faults") ? [] : [`--only ${faults || "none"}`],
    ...isSame("hosts") ? [] : [`--only-hosts ${kept.hosts.join(",")}`],
    ...isSame("services") ? [] : [`--only-services ${kept.services.join(",")}`],
  ];
}

/** What the options of {@link reductionOptions} keep; what is left out is kept whole. */
export function reductionOf(
  scenario: Scenario,
  { only, onlyHosts, onlyServices }: {
    readonly only?: readonly string[] | undefined;
    readonly onlyHosts?: readonly string[] | undefined;
    readonly onlyServices?: readonly string[] | undefined;
  },
): Reduction {
  const whole = wholeOf(scenario);
  return {
    faults: only === undefined ? whole.faults : only.flatMap((text): KeptFault[] => {
      const [index = 0, forMs] = text.split(":").map(Number);
      const fault = scenario.faults[index];
      return fault === undefined ? [] : [{ index, forMs: forMs ?? fault.forMs }];
    }),
    hosts: onlyHosts ?? whole.hosts,
    services: onlyServices ?? whole.services,
  };
}
