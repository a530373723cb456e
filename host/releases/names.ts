/**
 * The names of services and versions on a host's disk: the rules of `base/names.ts`, enforced with this folder's own error.
 *
 * @module
 */

import { isName, isVersion, NAME_RULE, quoteForeign, VERSION_RULE } from "../../base/names.ts";
import { basename, join } from "node:path";
import { HostError } from "../errors.ts";

export {
  isName as isServiceName,
  isVersion as isVersionName,
  PARTIAL_SUFFIX,
} from "../../base/names.ts";

/**
 * The path of an entry of a folder. The last line of defence behind the checks of names: nothing that is
 * not a plain name of an entry, such as `..` or `a/b`, becomes a path.
 *
 * @throws {HostError} `NAME_INVALID`.
 */
export function pathBelow(folder: string, name: string): string {
  if (
    name === "" || name === "." || name === ".." || /[/\0]/.test(name) || basename(name) !== name
  ) {
    throw new HostError("NAME_INVALID", {
      message: `path below ${folder}: expected the name of an entry of the folder, got ${
        quoteForeign(name)
      }`,
    });
  }
  return join(folder, name);
}

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
