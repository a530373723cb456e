/**
 * What is said of a fleet without hosts: it may be another one than was meant.
 *
 * @module
 */

/** The words, on two lines. */
export const NO_HOSTS =
  "No host is known yet. Start an agent (rollcall agent --config FILE); if some\n" +
  "run, look whether the chroot in --zookeeper is theirs.";
