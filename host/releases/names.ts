/**
 * The names of services and versions on a host's disk: the rules of `base/names.ts`, enforced with this folder's own error.
 *
 * @module
 */

import { isName, isVersion, NAME_RULE, quoteForeign, VERSION_RULE } from "../../base/names.ts";
import { HostError } from "../errors.ts";

export {
  isName as isServiceName,
  isVersion as isVersionName,
  PARTIAL_SUFFIX,
} from "../../base/names.ts";

/** @throws {HostError} `NAME_INVALID` unless {@linkcode isServiceName}. */
export function checkServiceName(name: string): void {
  if (isName(name)) return;
  throw new HostError("NAME_INVALID", {
    message: `service name: expected ${NAME_RULE}, got ${quoteForeign(name)}`,
  });
}

/** @throws {HostError} `NAME_INVALID` unless {@linkcode isVersionName}. */
export function checkVersionName(name: string): void {
  if (isVersion(name)) return;
  throw new HostError("NAME_INVALID", {
    message: `version: expected ${VERSION_RULE}, got ${quoteForeign(name)}`,
  });
}
