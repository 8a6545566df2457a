import { type Dirent, lstatSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import { join } from "node:path";

/** What the field for special bits and permissions has for each type that is listed (mkfs.xfs(8), "Prototype File"). */
function typeOf(entry: Dirent): "d" | "l" | "-" | undefined {
  if (entry.isDirectory()) return "d";
  if (entry.isSymbolicLink()) return "l";
  return entry.isFile() ? "-" : undefined;
}

function modeOf(type: string, { mode, uid, gid }: Stats): string {
  const special = `${(mode & 0o4000) === 0 ? "-" : "u"}${(mode & 0o2000) === 0 ? "-" : "g"}`;
  return `${type}${special}${(mode & 0o777).toString(8).padStart(3, "0")} ${uid} ${gid}`;
}

/**
 * The list that `mkfs.xfs -p` takes, of a folder that will lie at `end` when it is read. Names with a space and special
 * files are left out: the form has no way to write the former.
 */
export function protofile(folder: string, end: string): string {
  const lines = ["/", "0 0", modeOf("d", lstatSync(folder))];
  const list = (within: string): void => {
    for (const entry of readdirSync(join(folder, within), { withFileTypes: true })) {
      const type = typeOf(entry);
      if (type === undefined || /\s/.test(entry.name)) continue;
      const path = join(within, entry.name);
      const head = `${entry.name} ${modeOf(type, lstatSync(join(folder, path)))}`;
      if (type === "-") lines.push(`${head} ${join(end, path)}`);
      else if (type === "l") lines.push(`${head} ${readlinkSync(join(folder, path))}`);
      else {
        lines.push(head);
        list(path);
      }
    }
    lines.push("$");
  };
  list("");
  return `${lines.join("\n")}\n$\n`;
}
