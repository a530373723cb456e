/**
 * The admission counter of a service: the version of the node above its slots. Everything that an admission depends on
 * moves it on, and an admission is refused if it has moved since the reading.
 *
 * Failures that count for a plan have a counter of their own, over all services.
 *
 * @module
 */

import type { Census } from "../census.ts";
import type { DependencyCounts } from "../dependencies.ts";
import { encodeEntry, SCHEMA_VERSION } from "../entries.ts";
import type { FailuresElsewhere } from "../rollout_failures.ts";
import { FAILURES, slotsPath } from "../tree.ts";
import type { TreeOperation } from "./operation.ts";

/** Moves the counter on: who decided on an earlier reading has to read again. */
export function bumpCounter(service: string): TreeOperation {
  return { op: "set", path: slotsPath(service), data: encodeEntry({ schema: SCHEMA_VERSION }) };
}

/** Refuses who has decided on earlier numbers of the services that its own depends on. */
export function checkDependencies(dependencies: readonly DependencyCounts[]): TreeOperation[] {
  return dependencies.flatMap(({ service, slotsVersion }) =>
    slotsVersion === null
      ? []
      : [{ op: "check", path: slotsPath(service), version: slotsVersion } as const]
  );
}

/** Moves the counter on if it stands as it was read, so that nothing was admitted, freed or ended since. */
export function changeCounter(
  service: string,
  { slotsVersion }: Pick<Census, "slotsVersion">,
): TreeOperation {
  return {
    op: "set",
    path: slotsPath(service),
    data: encodeEntry({ schema: SCHEMA_VERSION }),
    version: slotsVersion,
  };
}

/** Moves the counter of failures on if it stands as it was read, so that each failure counts all that were before it. */
export function changeFailures(
  { counterVersion }: Pick<FailuresElsewhere, "counterVersion">,
): TreeOperation {
  const data = encodeEntry({ schema: SCHEMA_VERSION });
  return counterVersion === null
    ? { op: "create", path: FAILURES, data }
    : { op: "set", path: FAILURES, data, version: counterVersion };
}
