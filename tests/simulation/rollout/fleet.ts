/**
 * The fleet of one run, by the seed: machines, services, policies, the waves of one rollout, and what is wrong with it.
 *
 * @module
 */

import {
  CONTROL,
  DEFAULT_POLICY,
  type Policy,
  quorumHosts,
  SCHEMA_VERSION,
  type Service,
  servicePath,
  SKELETON,
  slotsPath,
  stagingPath,
  type Wave,
  wavePrefix,
} from "../../../rollout/mod.ts";
import type { Environment } from "./environment.ts";
import { install, type Installation, type Machine } from "./machine.ts";
import { nodeAt, type Operation } from "./tree_model.ts";

/** The machines and services of a run. */
export interface Fleet {
  readonly machines: readonly Machine[];
  readonly services: readonly string[];
  readonly installations: readonly Installation[];
  /** A version that fails its health gate, everywhere or on one host. */
  readonly badVersion: string | null;
  readonly badHost: string | null;
  /** A machine that never comes back, if the policy allows for that. */
  readonly deadMachine: Machine | null;
  readonly description: string;
  /** The version that is committed now. */
  committed(service: string): string | undefined;
  isWithdrawn(service: string, version: string): boolean;
}

const OLDER_VERSION = "0";
const OLD_VERSION = "1";
const NEW_VERSION = "2";

/** Builds a fleet that runs the old version, most often with a rollout of the new one just begun. */
export function buildFleet(environment: Pick<Environment, "tree" | "random">): Fleet {
  const { tree, random } = environment;
  // The names have a dash and digits, as the names of sequential nodes have.
  const machines = Array.from({ length: random.between(1, 6) }, (_, index): Machine => ({
    name: `web-${index + 1}`,
    isOn: false,
  }));
  const services = random.chance(0.5) ? ["A"] : ["A", "B"];
  const names = machines.map((machine) => machine.name);
  const policies = new Map(services.map((service) => [service, pickPolicy(environment)]));
  const canary = random.chance(0.3) ? names.slice(0, random.between(1, names.length)) : null;

  const operations: Operation[] = SKELETON.map((path) => persistent(path, null));
  operations.push(persistent(CONTROL, {
    schema: SCHEMA_VERSION,
    state: "running",
    by: "operator",
    reason: null,
    sinceMs: 0,
  }));
  for (const service of services) {
    const policy = policies.get(service) ?? DEFAULT_POLICY;
    operations.push(persistent(servicePath(service), serviceEntry(service, policy)));
    operations.push(persistent(slotsPath(service), null), persistent(stagingPath(service), null));
    operations.push(persistent(`/dc/current/${service}`, null));
    for (const name of names) operations.push(persistent(servicePath(service, name), null));
  }
  // Some fleets have no rollout; some of their hosts come back with a version older than the committed one.
  const hasStragglers = random.chance(0.2);
  const waves = hasStragglers
    ? []
    : services.flatMap((service) =>
      (canary === null ? [null] : [canary, null]).map((hosts) => ({ service, hosts }))
    );
  for (const { service, hosts } of waves) {
    const data: Wave = {
      schema: SCHEMA_VERSION,
      rollout: "r",
      service,
      version: NEW_VERSION,
      hosts,
    };
    operations.push({ ...persistent(wavePrefix(service), data), isSequential: true });
  }
  const result = tree.multi(tree.openSession(), operations);
  if (!result.isDone) throw new Error(`build the fleet: ${result.reason}`);

  const isBad = random.chance(0.25);
  const last = machines.at(-1);
  const canSpareOne = [...policies.values()].every((policy) =>
    typeof policy.maxUnavailable === "number" && policy.maxUnavailable > 1 &&
    quorumHosts(policy, names.length) < names.length
  );
  const mayDie = machines.length > 2 && canSpareOne && canary === null && !isBad;
  const deadMachine = mayDie && random.chance(0.5) && last !== undefined ? last : null;
  return {
    machines,
    services,
    installations: machines.flatMap((machine) =>
      services.map((service) => {
        const isStraggler = hasStragglers && random.chance(0.7);
        return install(machine, service, isStraggler ? OLDER_VERSION : OLD_VERSION);
      })
    ),
    badVersion: isBad ? NEW_VERSION : null,
    badHost: isBad && random.chance(0.5) ? random.pick(names) : null,
    deadMachine,
    description: `policies ${
      JSON.stringify([...policies])
    }, dead ${deadMachine?.name}, bad ${isBad}`,
    isWithdrawn: (service, version) =>
      (nodeAt(tree.snapshot, servicePath(service)).data as Service).withdrawn.includes(version),
    committed: (service) =>
      (nodeAt(tree.snapshot, servicePath(service)).data as Service).committed?.version,
  };
}

function pickPolicy({ random }: Pick<Environment, "random">): Policy {
  return {
    ...DEFAULT_POLICY,
    quorum: random.pick<Policy["quorum"]>([1, "50%", "75%", "100%"]),
    maxUnavailable: random.pick<Policy["maxUnavailable"]>([1, 1, 2, "50%"]),
    maxConcurrent: random.pick([1, 2, 3]),
    maxFailures: random.pick([0, 0, 1, 2]),
  };
}

function serviceEntry(service: string, policy: Policy): Service {
  return {
    schema: SCHEMA_VERSION,
    dependsOn: service === "B" ? ["A"] : [],
    policy,
    committed: {
      service,
      version: OLD_VERSION,
      infoHash: null,
      sizeBytes: 0,
      torrentUrl: null,
    },
    withdrawn: [],
  };
}

function persistent(path: string, data: unknown): Operation & { kind: "create" } {
  return { kind: "create", path, data, lifetime: "persistent" };
}
