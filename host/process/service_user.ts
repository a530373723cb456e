/**
 * Which user a service runs as, by the name or number that the config gives. Names are looked up in
 * /etc/passwd, see passwd(5); users of a directory service are given by number.
 */

import { readFileSync } from "node:fs";

/** A user that processes can be started as. */
export interface ServiceUser {
  uid: number;
  gid: number;
  /** What is known of the user from /etc/passwd; null for a number that is not there. */
  account: { name: string; home: string; shell: string } | null;
}

/** A name as useradd(8) takes it, or `UID` or `UID:GID`. */
export const SERVICE_USER_PATTERN = /^(?:[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?|\d{1,10}(?::\d{1,10})?)$/;

const PASSWD_PATH = "/etc/passwd";

/**
 * Looks up a user.
 *
 * @throws {Error} when there is no such user, saying what was expected.
 */
export function findServiceUser(text: string): ServiceUser {
  if (!SERVICE_USER_PATTERN.test(text)) {
    throw new Error(`expected a user such as www-data, 1000 or 1000:1000, was ${quoted(text)}`);
  }
  const [user = "", group] = text.split(":");
  const isNumber = /^\d+$/.test(user);
  const found = readAccounts().find(({ uid, account }) =>
    isNumber ? uid === Number(user) : account.name === user
  );
  if (group !== undefined) {
    return { uid: Number(user), gid: Number(group), account: found?.account ?? null };
  }
  if (found !== undefined) return found;
  throw new Error(
    `expected a user of ${PASSWD_PATH}, or UID:GID for one that is not there, was ${quoted(text)}`,
  );
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 64));
}

function readAccounts() {
  return readFileSync(PASSWD_PATH, "utf8").split("\n").flatMap((line) => {
    const [name = "", , uid, gid, , home = "/", shell = "/bin/sh"] = line.split(":");
    if (uid === undefined || gid === undefined || name === "") return [];
    return [{ uid: Number(uid), gid: Number(gid), account: { name, home, shell } }];
  });
}
