/**
 * The rules for names: of services, hosts, sites and racks, and of versions. A name becomes a folder, a znode, a part of a
 * URL and a cell of a table, so it has only characters that mean nothing to any of these. Configs, command lines, releases
 * on disk and entries of the tree all go by these rules.
 *
 * @module
 */

/** Most characters of the name of a service, host, site or rack: a DNS label has 63. */
export const NAME_LENGTH_MAX = 64;

/** Most characters of a version: enough for a date, a branch and a commit. */
export const VERSION_LENGTH_MAX = 128;

/** What a name looks like, for messages. */
export const NAME_RULE = `up to ${NAME_LENGTH_MAX} letters, digits, ".", "_" or "-", ` +
  "beginning with a letter or digit";

/** The end of the name of the folder in which a release is fetched; no version may end so. */
export const PARTIAL_SUFFIX = ".partial";

/** What a version looks like, for messages. */
export const VERSION_RULE = `up to ${VERSION_LENGTH_MAX} letters, digits, ".", "_", "+", "~" or ` +
  `"-", beginning with a letter or digit, not "current" and not ending in "${PARTIAL_SUFFIX}"`;

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** As a name, and `+` and `~`, which version numbers have. */
const VERSION = /^[A-Za-z0-9][A-Za-z0-9._+~-]*$/;

/** Versions that would collide with what lies beside the releases on a host's disk. */
const RESERVED_VERSIONS: readonly string[] = ["current"];

/** Whether a service, host, site or rack may be called so. */
export function isName(text: string): boolean {
  return text.length <= NAME_LENGTH_MAX && NAME.test(text);
}

/** Whether a version may be called so. */
export function isVersion(text: string): boolean {
  return text.length <= VERSION_LENGTH_MAX && VERSION.test(text) &&
    !RESERVED_VERSIONS.includes(text) && !text.endsWith(PARTIAL_SUFFIX);
}

/** Characters of a foreign text that a message shows: enough to recognize it. */
const SHOWN_LENGTH_MAX = 60;

/**
 * Quotes a text that somebody else chose, for a message: shortened, and in printable ASCII alone, so that it can act on no
 * terminal.
 */
export function quoteForeign(text: string): string {
  const isLong = text.length > SHOWN_LENGTH_MAX;
  const shown = JSON.stringify(isLong ? text.slice(0, SHOWN_LENGTH_MAX) : text)
    .replaceAll(
      /[^\x20-\x7e]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
  return isLong ? `${shown} and ${text.length - SHOWN_LENGTH_MAX} more characters` : shown;
}

/** What is wrong with the first of these names, of hosts and services, that is none, in words for a person; `null`: each is one. */
export function describeForeignName(names: readonly string[]): string | null {
  const wrong = names.find((name) => !isName(name));
  if (wrong === undefined) return null;
  return `expected names that have ${NAME_RULE}, was ${quoteForeign(wrong)}`;
}
