import { type GroupEntry, type PasswdEntry, parseId } from "./accounts.ts";

/** As who the workload runs. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
  /** For setgroups(2); the gid itself comes first, as container engines have it since CVE-2022-36109. */
  readonly groups: readonly number[];
  /** The home directory (bytes, one character each). */
  readonly home: string;
}

/** Why an image's `User` names nobody. */
export interface Nobody {
  readonly reason: string;
}

/** The largest id that container runtimes take. */
const MAX_ID = 2 ** 31 - 1;

/**
 * Who an image's `User` is (image-spec, config.md), by the rules of Docker and runc (GetExecUser in
 * github.com/moby/sys/user):
 *
 * - `USER[:GROUP]`; further colons and what follows them mean nothing. No USER is uid 0.
 * - A number is always an id, even where an account has that name. The first line with the id or name counts.
 * - An account brings its gid, and every group whose list of members names it. A uid without an account has gid 0
 *   and no further groups. A name without an account is an error.
 * - A GROUP takes the place of the gid, and then the account's other groups do not count. A gid needs no line in
 *   /etc/group; a name does.
 * - Home is that of the first account with the uid, whatever name was asked for, even if it is empty; "/" if there is
 *   no account.
 *
 * Other than there, ids beyond 2^31-1 are refused wherever they come from: the kernel reads 2^32-1 as "no change".
 * `spec` is bytes, one character each, like the names in the entries.
 */
export function resolveUser(
  spec: string,
  passwd: readonly PasswdEntry[],
  groups: readonly GroupEntry[],
): Identity | Nobody {
  const [user = "", group = ""] = spec.split(":");
  const account = findAccount(user, passwd);
  const uid = account?.uid ?? parseId(user);
  if (uid === undefined && user !== "") return { reason: `/etc/passwd has no user '${user}'` };
  const gid = group === "" ? (account?.gid ?? 0) : findGroup(group, groups);
  if (gid === undefined) return { reason: `/etc/group has no group '${group}'` };
  const further = account !== undefined && group === "" ? memberships(account.name, groups) : [];
  const identity = {
    uid: uid ?? 0,
    gid,
    groups: [...new Set([gid, ...further])],
    home: passwd.find((entry) => entry.uid === (uid ?? 0))?.home ?? "/",
  };
  const wrong = [identity.uid, ...identity.groups].find((id) => !(id >= 0 && id <= MAX_ID));
  return wrong === undefined ? identity : { reason: `${wrong} is no id: they are 0 to ${MAX_ID}` };
}

function findAccount(user: string, passwd: readonly PasswdEntry[]): PasswdEntry | undefined {
  const uid = user === "" ? 0 : parseId(user);
  return passwd.find((entry) => (uid === undefined ? entry.name === user : entry.uid === uid));
}

function findGroup(group: string, groups: readonly GroupEntry[]): number | undefined {
  return parseId(group) ?? groups.find((entry) => entry.name === group)?.gid;
}

/** An account without a name is a member of nothing. */
function memberships(name: string, groups: readonly GroupEntry[]): number[] {
  if (name === "") return [];
  return groups.filter((entry) => entry.members.includes(name)).map((entry) => entry.gid);
}
