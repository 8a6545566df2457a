import { statSync } from "node:fs";
import type { FileFacts, ImageDifference } from "../convert/diff-images.ts";
import { Docker2vmError } from "../errors.ts";
import { FILE_FIELDS, type FileField } from "../tree/file-fields.ts";
import { type CommandLine, flag, listOption } from "./arguments.ts";
import { formatBytes } from "./bytes.ts";
import { withNamespaces } from "./containerd-source.ts";
import { isoTime } from "./filesystem/text.ts";
import { wordsOf } from "./filesystem/with-filesystem.ts";
import { folderTotals } from "./folder-totals.ts";
import type { Host } from "./host.ts";
import { printable } from "./printable.ts";
import { readingSettings } from "./reading-settings.ts";
import { settledSource } from "./source-choice.ts";
import { sourceSpec } from "./standard-input.ts";

/** As diff(1) has it: nothing differs, something does. */
const SAME = 0;
const DIFFERENT = 1;

/** `docker2vm diff A B`: what differs, a line each, and whether anything does, as the exit code. */
export async function runDiff(line: CommandLine, host: Host): Promise<number> {
  const [before = "", after = ""] = await settled(wordsOf(line, ["A", "B"], 2), host);
  if (before.endsWith("-") && before === after) {
    throw new Docker2vmError("E_USAGE", "standard input can be one of the two only", {
      hint: "keep the other one in a file",
    });
  }
  const reading = await readingSettings(line, host, before === "-" ? before : after);
  const sources = [sourceSpec(before, "diff - B", host), sourceSpec(after, "diff A -", host)];
  const [one = before, other = after] = withNamespaces(line, sources);
  const { diffImages } = await import("../convert/diff-images.ts");
  const differences = await diffImages({
    before: one,
    after: other,
    ignore: listOption(line, "ignore")
      .flatMap((names) => names.split(","))
      .map(fieldOf),
    ...reading,
  });
  await host.stdout.write(told(differences, { json: flag(line, "json"), stat: flag(line, "stat") }));
  return differences.length === 0 ? SAME : DIFFERENT;
}

/** The path of a file is that of whatever is in it, and needs nothing that says that it is a path. */
async function settled(words: readonly string[], host: Host): Promise<readonly string[]> {
  const say = (text: string, source: string) =>
    source.startsWith("image:") || host.stderr.write(`${printable(text)}\n`);
  const found: string[] = [];
  for (const word of words) {
    const path = isFile(word) && !/^[./~]/.test(word) ? `./${word}` : word;
    found.push(await settledSource(path, say));
  }
  return found;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function fieldOf(name: string): FileField {
  const field = FILE_FIELDS.find((each) => each === name);
  if (field !== undefined) return field;
  throw new Docker2vmError("E_USAGE", `--ignore does not take ${JSON.stringify(name)}`, {
    hint: `--ignore takes ${FILE_FIELDS.join(", ")}`,
  });
}

function told(
  differences: readonly ImageDifference[],
  { json, stat }: { json: boolean; stat: boolean },
): string {
  if (stat) {
    const totals = folderTotals(differences);
    return json ? document(totals) : totals.map(totalsLine).join("");
  }
  return json ? document(differences.map(inJson)) : differences.map(differenceLine).join("");
}

function document(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function totalsLine({
  path,
  added,
  removed,
  changed,
  bytes,
}: ReturnType<typeof folderTotals>[number]): string {
  const counts = [`+${added}`, `-${removed}`, `~${changed}`].map((count) => count.padStart(6)).join(" ");
  const sign = bytes < 0 ? "-" : "+";
  return `${counts} ${`${sign}${formatBytes(Math.abs(bytes))}`.padStart(11)}  ${printable(path)}\n`;
}

/** A difference for a program. */
export interface DifferenceDocument extends Omit<ImageDifference, "before" | "after"> {
  /** Absent where it was added. */
  readonly before?: FileDocument;
  /** Absent where it was removed. */
  readonly after?: FileDocument;
}

/** A file in a difference. */
export interface FileDocument extends Omit<FileFacts, "mode" | "mtime"> {
  /** Permissions with setuid, setgid and sticky, octal: "755". */
  readonly mode: string;
  /** RFC 3339, with as many digits of a second as it has. */
  readonly mtime: string;
}

function inJson({ before, after, ...difference }: ImageDifference): DifferenceDocument {
  return {
    ...difference,
    ...(before === undefined ? {} : { before: factsInJson(before) }),
    ...(after === undefined ? {} : { after: factsInJson(after) }),
  };
}

function factsInJson(facts: FileFacts): FileDocument {
  return { ...facts, mode: facts.mode.toString(8), mtime: isoTime(facts.mtime) };
}

function differenceLine({ path, change, fields, before, after }: ImageDifference): string {
  const shown = printable(path);
  if (before === undefined || after === undefined) {
    const { type, size } = (before ?? after) as FileFacts;
    const what = size === undefined ? type : formatBytes(size);
    return `${change === "added" ? "+" : "-"} ${shown} (${what})\n`;
  }
  return `~ ${shown}: ${fields.map((field) => fieldText(field, before, after)).join(", ")}\n`;
}

function fieldText(field: FileField, before: FileFacts, after: FileFacts): string {
  if (field === "contents" || field === "xattrs") return field;
  return `${field} ${valueText(field, before)} -> ${valueText(field, after)}`;
}

function valueText(field: Exclude<FileField, "contents" | "xattrs">, facts: FileFacts): string {
  if (field === "mode") return facts.mode.toString(8).padStart(4, "0");
  if (field === "mtime") return isoTime(facts.mtime);
  return printable(String(facts[field] ?? "none"));
}
