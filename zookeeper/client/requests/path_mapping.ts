/**
 * How the caller's paths become the server's, and back: the chroot.
 *
 * @module
 */

import { isWithin } from "../../paths.ts";

/** Translates paths for one client. */
export interface PathMapping {
  /** What the server calls it. */
  toServer(path: string): string;
  /** What the caller calls it; a path outside the chroot (the server's own nodes) stays as it is. */
  toCaller(path: string): string;
}

/** The mapping for a chroot; empty: none. */
export function pathMapping(chroot: string): PathMapping {
  if (chroot === "") return { toServer: (path) => path, toCaller: (path) => path };
  return {
    toServer: (path) => path === "/" ? chroot : chroot + path,
    toCaller: (path) => isWithin(path, chroot) ? path.slice(chroot.length) || "/" : path,
  };
}
