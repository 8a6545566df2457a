import { type ListedFile, list } from "../../filesystem/reading/list.ts";
import { itemsInTurns, type Paused } from "../../waiting/steps.ts";
import { type CommandLine, flag } from "../arguments.ts";
import type { Host } from "../host.ts";
import { printable } from "../printable.ts";
import { bytesAsText, isoTime } from "./text.ts";
import { pathBytes, withFilesystem, wordsOf } from "./with-filesystem.ts";
import { writeOut } from "./write-out.ts";

const TYPE_LETTERS = {
  file: "-",
  directory: "d",
  symlink: "l",
  char: "c",
  block: "b",
  fifo: "p",
  socket: "s",
} as const;
/** Lines that are written at once. */
const LINES = 1000;

/** `docker2vm ls IMAGE [PATH]` */
export async function runLs(line: CommandLine, host: Host): Promise<void> {
  const [image = "", path = "/"] = wordsOf(line, ["IMAGE", "[PATH]"], 1);
  const render = flag(line, "json") ? listingJson : listingLine;
  await withFilesystem(line, host, image, async (filesystem) => {
    const files = list(filesystem, pathBytes(path), { recursive: flag(line, "recursive") });
    await writeOut(host, itemsInTurns(inBatches(files, render), host.signal));
  });
}

function* inBatches(files: Paused<ListedFile>, render: (file: ListedFile) => string): Paused<Uint8Array> {
  let lines: string[] = [];
  for (const file of files) {
    if (file === undefined || lines.push(render(file)) < LINES) {
      yield;
      continue;
    }
    yield Buffer.from(lines.join(""));
    lines = [];
  }
  yield Buffer.from(lines.join(""));
}

/** As `ls -ln` shows it: "-rwsr-xr-x    1     0     0      72056 2024-02-29 12:00 usr/bin/su" */
export function listingLine(file: ListedFile): string {
  const size = file.device === undefined ? String(file.size) : `${file.device.major}, ${file.device.minor}`;
  const columns = [
    permissions(file),
    String(file.links).padStart(4),
    String(file.uid).padStart(5),
    String(file.gid).padStart(5),
    size.padStart(10),
    isoTime({ ...file.mtime, nanoseconds: 0 })
      .replace(/:\d\dZ$/, "")
      .replace("T", " "),
    printable(bytesAsText(file.path)),
  ];
  const target = file.target === undefined ? "" : ` -> ${printable(bytesAsText(file.target))}`;
  return `${columns.join(" ")}${target}\n`;
}

/** A file for a program. */
export interface ListingDocument extends Omit<ListedFile, "path" | "mode" | "mtime" | "target"> {
  /** Below the path that was asked for, the last name alone for a file: UTF-8, U+FFFD for what is none. */
  readonly path: string;
  /** st_mode, type and permissions, octal: "100644". */
  readonly mode: string;
  /** RFC 3339, with as many digits of a second as it has. */
  readonly mtime: string;
  /** Of a symlink, as the path; absent if it is encrypted. */
  readonly target?: string;
}

/** One JSON document a line. */
function listingJson(file: ListedFile): string {
  const { path, mode, mtime, target, ...facts } = file;
  const document: ListingDocument = {
    path: bytesAsText(path),
    ...facts,
    mode: mode.toString(8),
    mtime: isoTime(mtime),
    ...(target === undefined ? {} : { target: bytesAsText(target) }),
  };
  return `${JSON.stringify(document)}\n`;
}

/** "drwxr-xr-t": setuid, setgid and the sticky bit stand where the execute permission would. */
function permissions({ type, mode }: ListedFile): string {
  const classes = [
    { shift: 6, special: 0o4000, letter: "s" },
    { shift: 3, special: 0o2000, letter: "s" },
    { shift: 0, special: 0o1000, letter: "t" },
  ];
  const text = classes.map(({ shift, special, letter }) => {
    const bits = mode >> shift;
    const execute = (bits & 1) !== 0;
    const last = (mode & special) === 0 ? (execute ? "x" : "-") : execute ? letter : letter.toUpperCase();
    return `${bits & 4 ? "r" : "-"}${bits & 2 ? "w" : "-"}${last}`;
  });
  return TYPE_LETTERS[type] + text.join("");
}
