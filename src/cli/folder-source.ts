import { Docker2vmError } from "../errors.ts";
import type { FolderSource, IdRange, SourceSpec } from "../source/source.ts";
import { type CommandLine, flag, listOption, stringOption } from "./arguments.ts";

const PREFIX = "dir:";
const OPTIONS = ["owner", "map-uid", "map-gid", "no-xattrs"] as const;

/** The source with what is asked of a folder, if it is one. Throws E_USAGE where it is not, and for what is no owner. */
export function withFolderOptions(line: CommandLine, source: SourceSpec | string): SourceSpec | string {
  const given = OPTIONS.filter((name) => line.values.has(name));
  if (given.length === 0) return source;
  if (typeof source !== "string" || !source.startsWith(PREFIX)) {
    throw new Docker2vmError("E_USAGE", `--${given[0]} is for files of a folder`, {
      hint: "give the folder as dir:PATH, or leave the option out: images and tars say whose their files are",
    });
  }
  const spec: FolderSource = {
    kind: "dir",
    path: source.slice(PREFIX.length),
    owner: ownerOf(stringOption(line, "owner")),
    mapUid: listOption(line, "map-uid").map((text) => rangeOf("map-uid", text)),
    mapGid: listOption(line, "map-gid").map((text) => rangeOf("map-gid", text)),
    xattrs: !flag(line, "no-xattrs"),
  };
  return spec;
}

function ownerOf(text: string | undefined): FolderSource["owner"] {
  if (text === undefined) return undefined;
  const [, uid, gid] = /^(\d{1,10}):(\d{1,10})$/.exec(text) ?? [];
  if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  throw new Docker2vmError("E_USAGE", `--owner ${JSON.stringify(text)} is no owner`, {
    hint: "write two numbers, UID:GID, as 0:0",
  });
}

function rangeOf(option: string, text: string): IdRange {
  const [, from, to, count = "1"] = /^(\d{1,10}):(\d{1,10})(?::(\d{1,10}))?$/.exec(text) ?? [];
  if (from !== undefined && to !== undefined) {
    return { from: Number(from), to: Number(to), count: Number(count) };
  }
  throw new Docker2vmError("E_USAGE", `--${option} ${JSON.stringify(text)} is no range`, {
    hint: "write FROM:TO or FROM:TO:COUNT in numbers, as 100000:1:65536",
  });
}
