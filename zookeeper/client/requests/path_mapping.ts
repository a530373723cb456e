/**
 * Maps the caller's paths to the server's and back: the chroot.
 *
 * @module
 */

import { isWithin } from "../../paths.ts";

/** Maps the paths of one client. */
export interface PathMapping {
  /** Returns the server's path of a node. */
  toServer(path: string): string;
  /** Returns the caller's path of a node; a path outside of the chroot (the server's own nodes) stays as it is. */
  toCaller(path: string): string;
}

/** Returns the mapping of a chroot; empty: no chroot. */
export function pathMapping(chroot: string): PathMapping {
  if (chroot === "") return { toServer: (path) => path, toCaller: (path) => path };
  return {
    toServer: (path) => path === "/" ? chroot : chroot + path,
    toCaller: (path) => isWithin(path, chroot) ? path.slice(chroot.length) || "/" : path,
  };
}
