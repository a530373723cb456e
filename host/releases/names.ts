/**
 * Which names a service and a version may have. Names become folders, znodes and parts of URLs, so no
 * character is allowed that has a meaning in any of these.
 *
 * @module
 */

import { HostError } from "../errors.ts";

/** Starts with a letter or digit; then also `.`, `_`, `-`. At most 64 characters. */
const SERVICE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** As a service's, and also `+` and `~`, which occur in version numbers. At most 128 characters. */
const VERSION_NAME = /^[A-Za-z0-9][A-Za-z0-9._+~-]{0,127}$/;

/** Names of other entries in the folder of the releases. */
const RESERVED_VERSIONS: readonly string[] = ["current"];

/** The suffix of the folder in which a release is fetched; no version may end so. */
export const PARTIAL_SUFFIX = ".partial";

/** Whether a service may have this name. */
export function isServiceName(name: string): boolean {
  return SERVICE_NAME.test(name);
}

/** Whether a version may have this name. */
export function isVersionName(name: string): boolean {
  return VERSION_NAME.test(name) && !RESERVED_VERSIONS.includes(name) &&
    !name.endsWith(PARTIAL_SUFFIX);
}

/** @throws {HostError} `NAME_INVALID` unless {@linkcode isServiceName}. */
export function checkServiceName(name: string): void {
  if (isServiceName(name)) return;
  throw new HostError("NAME_INVALID", {
    message: `service name: expected up to 64 letters, digits, ".", "_" or "-", beginning with a ` +
      `letter or digit, got ${JSON.stringify(name)}`,
  });
}

/** @throws {HostError} `NAME_INVALID` unless {@linkcode isVersionName}. */
export function checkVersionName(name: string): void {
  if (isVersionName(name)) return;
  throw new HostError("NAME_INVALID", {
    message: `version: expected up to 128 letters, digits, ".", "_", "+", "~" or "-", beginning ` +
      `with a letter or digit, not "current" and not ending in "${PARTIAL_SUFFIX}", ` +
      `got ${JSON.stringify(name)}`,
  });
}
