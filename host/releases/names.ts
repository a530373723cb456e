/**
 * Which names a service and a version may have. They become folders, znodes and parts of URLs, so
 * nothing that means something to any of these is let in.
 */

import { basename, join } from "node:path";
import { HostError } from "../errors.ts";

/** Starts with a letter or digit; then also `.`, `_`, `-`. At most 64 characters. */
const SERVICE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** As a service, and `+` and `~`, which version numbers have. At most 128 characters. */
const VERSION_NAME = /^[A-Za-z0-9][A-Za-z0-9._+~-]{0,127}$/;

/** Names that would collide with what lies beside the releases. */
const RESERVED_VERSIONS: readonly string[] = ["current"];

/** The end of the folder's name in which a release is fetched; so no version may end so. */
export const PARTIAL_SUFFIX = ".partial";

/** Whether a service may be called so. */
export function isServiceName(name: string): boolean {
  return SERVICE_NAME.test(name);
}

/** Whether a version may be called so. */
export function isVersionName(name: string): boolean {
  return VERSION_NAME.test(name) && !RESERVED_VERSIONS.includes(name) &&
    !name.endsWith(PARTIAL_SUFFIX);
}

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
        shown(name)
      }`,
    });
  }
  return join(folder, name);
}

/** @throws {HostError} `NAME_INVALID` unless {@linkcode isServiceName}. */
export function checkServiceName(name: string): void {
  if (isServiceName(name)) return;
  throw new HostError("NAME_INVALID", {
    message: `service name: expected up to 64 letters, digits, ".", "_" or "-", beginning with a ` +
      `letter or digit, got ${shown(name)}`,
  });
}

/** @throws {HostError} `NAME_INVALID` unless {@linkcode isVersionName}. */
export function checkVersionName(name: string): void {
  if (isVersionName(name)) return;
  throw new HostError("NAME_INVALID", {
    message: `version: expected up to 128 letters, digits, ".", "_", "+", "~" or "-", beginning ` +
      `with a letter or digit, not "current" and not ending in "${PARTIAL_SUFFIX}", ` +
      `got ${shown(name)}`,
  });
}

/** Longest part of a bad name in a message, in characters: messages are shown in the tree and in tables. */
const SHOWN_MAX = 100;

/** A bad name, quoted, so that it is safe to print. */
function shown(name: string): string {
  const quoted = JSON.stringify(name.slice(0, SHOWN_MAX));
  return name.length <= SHOWN_MAX ? quoted : `${quoted}… (${name.length} characters)`;
}
