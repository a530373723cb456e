/**
 * Which user and group a service runs as, by the names or numbers that the config gives. Names are looked up in
 * /etc/passwd and /etc/group, see passwd(5) and group(5); those of a directory service are given by number.
 */

import { readFileSync } from "node:fs";

/** A user that processes can be started as. */
export interface ServiceUser {
  uid: number;
  gid: number;
  /** What is known of the user from /etc/passwd; null for a number that is not there. */
  account: { name: string; home: string; shell: string } | null;
}

/** Whose process a service is to be, as the config says it. Default of each: the agent's own. */
export interface ServiceOwner {
  /** A name, `UID` or `UID:GID`. */
  user?: string | undefined;
  /** A name or `GID`. Default: the user's own group. */
  group?: string | undefined;
}

/** A name as useradd(8) takes it, or `UID` or `UID:GID`. */
export const SERVICE_USER_PATTERN = /^(?:[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?|\d{1,10}(?::\d{1,10})?)$/;

/** A name as groupadd(8) takes it, or `GID`. */
export const SERVICE_GROUP_PATTERN = /^(?:[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?|\d{1,10})$/;

const PASSWD_PATH = "/etc/passwd";
const GROUP_PATH = "/etc/group";

/**
 * Looks up whose process a service is to be; null when the config says nothing.
 *
 * @throws {Error} when there is no such user or group, or when it takes root and this process is not root's, saying what
 *   was expected.
 */
export function findServiceUser({ user, group }: ServiceOwner): ServiceUser | null {
  if (user === undefined && group === undefined) return null;
  const uid = Deno.uid() ?? 0;
  const found = user === undefined ? findUser(String(uid), Deno.gid() ?? 0) : findUser(user);
  const gid = group === undefined ? found.gid : findGroup(group);
  // Only root may: and only root can tell afterwards which processes of that user are the service.
  if (uid !== 0 && (found.uid !== uid || gid !== (Deno.gid() ?? 0))) {
    const named = [user, group].filter((each) => each !== undefined).join(", ");
    throw new Error(
      `expected root, to start it as ${named}, this is user ${uid}; run the agent as root, or leave ` +
        `"user" and "group" out`,
    );
  }
  return { ...found, gid };
}

function findUser(text: string, ownGroup?: number): ServiceUser {
  if (!SERVICE_USER_PATTERN.test(text)) {
    throw new Error(`expected a user such as www-data, 1000 or 1000:1000, was ${quoted(text)}`);
  }
  const [user = "", group] = text.split(":");
  const isNumber = /^\d+$/.test(user);
  const found = readAccounts().find(({ uid, account }) =>
    isNumber ? uid === Number(user) : account.name === user
  );
  const gid = ownGroup ?? (group === undefined ? undefined : Number(group));
  if (gid !== undefined) return { uid: Number(user), gid, account: found?.account ?? null };
  if (found !== undefined) return found;
  throw new Error(
    `expected a user of ${PASSWD_PATH}, or UID:GID for one that is not there, was ${quoted(text)}`,
  );
}

function findGroup(text: string): number {
  if (!SERVICE_GROUP_PATTERN.test(text)) {
    throw new Error(`expected a group such as www-data or 1000, was ${quoted(text)}`);
  }
  if (/^\d+$/.test(text)) return Number(text);
  for (const line of readFileSync(GROUP_PATH, "utf8").split("\n")) {
    const [name, , gid] = line.split(":");
    if (name === text && gid !== undefined) return Number(gid);
  }
  throw new Error(
    `expected a group of ${GROUP_PATH}, or a GID for one that is not there, was ${quoted(text)}`,
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
