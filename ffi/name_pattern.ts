/** Names against patterns of the shell, as vmtouch and find take them: fnmatch(3). */

import { libc, pathBytes } from "./libc.ts";

/** Whether a name matches a pattern with `*`, `?` and `[…]`; a leading dot and a slash are characters like any other. */
export function matchesPattern(name: string, pattern: string): boolean {
  return libc().fnmatch(pathBytes(pattern), pathBytes(name), 0) === 0;
}
