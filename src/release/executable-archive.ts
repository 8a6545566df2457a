/** What one machine's executable is shipped in. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { gzip, type Member, tarOf, zipOf } from "./archive.ts";
import { completionMembers, file, link, manualMembers, otherNames } from "./manual-and-completion.ts";
import { REPOSITORY } from "./place.ts";
import { isWindows, programOf, type Target } from "./targets.ts";

export interface ArchiveFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What goes into every archive beside the executable. */
export interface Papers {
  readonly dependencies: string;
  /** Of all files. */
  readonly seconds: number;
}

/**
 * A tar.gz whose one folder has what a prefix such as /usr/local has, so that it can be unpacked over one; for Windows a zip
 * of the executable and the documents, as it knows neither links nor man(1).
 */
export async function executableArchive(
  target: Target,
  executable: Uint8Array,
  papers: Papers,
): Promise<ArchiveFile> {
  const { seconds } = papers;
  const folder = `${manifest.name}-${manifest.version}-${target.name}`;
  const program = { bytes: executable, executable: true };
  if (isWindows(target)) {
    const members = inFolder(folder, [
      { path: programOf(target), contents: program },
      ...documentMembers("", papers),
    ]);
    return { name: `${folder}.zip`, bytes: zipOf(members, seconds) };
  }
  const files = inFolder(folder, [
    { path: `bin/${programOf(target)}`, contents: program },
    ...otherNames().map((name) => link(`bin/${name}`, programOf(target))),
    ...documentMembers(`share/doc/${manifest.name}/`, papers),
    ...manualMembers(seconds),
    ...completionMembers(),
  ]);
  return { name: `${folder}.tar.gz`, bytes: gzip(await tarOf(withFolders(files), seconds)) };
}

/** The licence, what others' licences are, and the README. */
export function documentMembers(prefix: string, { dependencies }: Papers): readonly Member[] {
  return [
    ...["LICENSE", "README.md"].map((name) => file(`${prefix}${name}`, readFileSync(join(REPOSITORY, name)))),
    file(`${prefix}DEPENDENCIES.txt`, dependencies),
  ];
}

function inFolder(folder: string, members: readonly Member[]): readonly Member[] {
  return members.map((member) => ({ ...member, path: `${folder}/${member.path}` }));
}

/**
 * The members and the folders around them, each folder in front of what is in it and nothing else between: tar(1) gives a
 * folder its time when it leaves it.
 */
export function withFolders(members: readonly Member[]): readonly Member[] {
  const all = new Map<string, Member>();
  for (const member of members) {
    const parts = member.path.split("/").slice(0, -1);
    for (let depth = 1; depth <= parts.length; depth++) {
      const path = parts.slice(0, depth).join("/");
      all.set(path, { path, contents: "folder" });
    }
    all.set(member.path, member);
  }
  // Below every character that a name has, so that a folder's members come before its longer siblings.
  const key = ({ path }: Member): string => path.replaceAll("/", "\0");
  return [...all.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
