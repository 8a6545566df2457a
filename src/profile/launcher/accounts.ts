/**
 * /etc/passwd and /etc/group as container runtimes read them (github.com/moby/sys/user): whitespace around a line is
 * dropped, a missing field is empty, a number that is none is 0. Files and fields are bytes, one character each.
 */

/** A line of /etc/passwd: passwd(5). */
export interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** A line of /etc/group: group(5). */
export interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

export function parsePasswd(text: string): PasswdEntry[] {
  return lines(text).map((line) => {
    const [name = "", , uid = "", gid = "", , home = ""] = line.split(":");
    return { name, uid: parseId(uid) ?? 0, gid: parseId(gid) ?? 0, home };
  });
}

/** Other than in /etc/passwd, lines that begin with "#" are comments here. */
export function parseGroup(text: string): GroupEntry[] {
  return lines(text)
    .filter((line) => !line.startsWith("#"))
    .map((line) => {
      const [name = "", , gid = "", members = ""] = line.split(":");
      return { name, gid: parseId(gid) ?? 0, members: members === "" ? [] : members.split(",") };
    });
}

/** A decimal number, signed if it likes, as Go's strconv.Atoi takes it; undefined for anything else. */
export function parseId(text: string): number | undefined {
  return /^[+-]?[0-9]+$/.test(text) ? Number(text) : undefined;
}

function lines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.replace(/^[\t\v\f\r ]+|[\t\v\f\r ]+$/g, ""))
    .filter((line) => line !== "");
}
