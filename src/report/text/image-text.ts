import { formatBytes } from "../../format-bytes.ts";
import { printable } from "../../printable.ts";
import type { FileList } from "../facts/file-list.ts";
import {
  type Duplicates,
  filesOf,
  type ImageReport,
  type SourceFacts,
  type Totals,
} from "../facts/report.ts";
import { blocksText } from "./blocks-text.ts";
import { type Column, columns } from "./columns.ts";
import { folderRows } from "./folder-rows.ts";

/** Rows of a list; more are in the other forms of a report. */
const MOST = 15;

export const PATH: Column = { title: "path", align: "left", most: 90, keep: "end" };
export const right = (title: string): Column => ({ title, align: "right" });
export const left = (title: string, most = 60): Column => ({ title, align: "left", most });

/** A report for a terminal. */
export function imageText(report: ImageReport, list: FileList): string {
  const parts = [
    headText(report),
    section("Folders", columns([right("bytes"), right("share"), left("", 20), PATH], folderRows(list))),
    section("Layers", layersText(report)),
    section(
      "Wasted: in a layer, and hidden by one above",
      rowsOf(report.wasted, [right("bytes"), right("layer"), right("by"), PATH], (each) => [
        formatBytes(each.bytes),
        String(each.layer),
        String(each.hiddenBy),
        each.path,
      ]),
    ),
    section(
      "Largest files",
      rowsOf(report.largest, [right("bytes"), PATH], (each) => [
        formatBytes(each.bytes),
        `${each.path}${each.storedBytes < each.bytes ? ` (${formatBytes(each.storedBytes)} without holes)` : ""}`,
      ]),
    ),
    section(
      `Duplicates: ${formatBytes(report.duplicateBytes)} could be spared`,
      rowsOf(
        report.duplicates,
        [right("spared"), right("files"), right("of"), PATH],
        duplicatesRow,
        report.moreDuplicates,
      ),
    ),
    section("Setuid, setgid and capabilities", privilegedText(report)),
    section(packagesTitle(report), packagesText(report)),
    report.filesystem === null ? "" : section("Blocks", blocksText(report.filesystem)),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

/** A title and what is below it; nothing where that is nothing. */
export function section(title: string, text: string): string {
  return text === "" ? "" : `${title}\n${text}`;
}

/** The first rows of a list, and how many more there are, with the `further` ones that are not in it. */
export function rowsOf<Item>(
  items: readonly Item[],
  titles: readonly Column[],
  row: (item: Item) => readonly string[],
  further = 0,
): string {
  const untold = Math.max(0, items.length - MOST) + further;
  return columns(titles, items.slice(0, MOST).map(row)) + andMore(untold);
}

/** A line for how many are not told, if any are not. */
export function andMore(untold: number): string {
  return untold > 0 ? `  … and ${untold} more\n` : "";
}

function headText(report: ImageReport): string {
  return `${printable(sourceText(report))}\n${totalsText(report.totals)}\n`;
}

export function sourceText({ source, platform, digest }: SourceFacts): string {
  return [source, platform, digest].filter((each) => each !== null).join("  ");
}

export function totalsText(totals: Totals): string {
  const { bytes, storedBytes, files, directories, symlinks, others, furtherNames } = totals;
  const holes = storedBytes < bytes ? ` (${formatBytes(storedBytes)} without holes)` : "";
  const also = [
    counted(directories, "folder"),
    counted(symlinks, "symlink"),
    ...(furtherNames > 0 ? [counted(furtherNames, "further name")] : []),
    ...(others > 0 ? [counted(others, "device, pipe or socket", "devices, pipes and sockets")] : []),
  ];
  return `${formatBytes(bytes)}${holes} in ${counted(files, "file")}; ${also.join(", ")}`;
}

export function counted(count: number, one: string, several = `${one}s`): string {
  return `${count} ${count === 1 ? one : several}`;
}

function layersText({ layers }: ImageReport): string {
  const titles = [
    right("layer"),
    right("stored"),
    right("adds"),
    right("files"),
    right("hides"),
    right("repeats"),
    right("wasted"),
    left("made by"),
  ];
  const rows = layers.map((layer) => [
    String(layer.number),
    formatBytes(layer.storedBytes),
    formatBytes(layer.addedBytes),
    String(layer.files),
    formatBytes(layer.hiddenBytes),
    formatBytes(layer.repeatedBytes),
    formatBytes(layer.wastedBytes),
    layer.createdBy ?? layer.digest.slice(0, 19),
  ]);
  return columns(titles, rows);
}

function duplicatesRow(group: Duplicates): string[] {
  const { bytes, wastedBytes, paths } = group;
  return [formatBytes(wastedBytes), String(filesOf(group)), formatBytes(bytes), paths[0] ?? ""];
}

function privilegedText({ privileged, morePrivileged }: ImageReport): string {
  const titles = [right("mode"), right("owner"), left("capabilities"), PATH];
  return rowsOf(
    privileged,
    titles,
    ({ mode, uid, gid, capabilities, path }) => [mode, `${uid}:${gid}`, capabilities ?? "", path],
    morePrivileged,
  );
}

function packagesTitle({ packages, unreadPackages }: ImageReport): string {
  const of = (manager: string): number => packages.filter((each) => each.manager === manager).length;
  const counts = ["dpkg", "apk"]
    .filter((manager) => of(manager) > 0)
    .map((manager) => `${of(manager)} of ${manager}`);
  const unread = unreadPackages.map((manager) => `those of ${manager} are not read`);
  return `Packages: ${[...counts, ...unread].join(", ")}`;
}

function packagesText({ packages, unreadPackages }: ImageReport): string {
  const bySize = [...packages].sort((a, b) => (b.bytes ?? 0) - (a.bytes ?? 0));
  const rows = rowsOf(
    bySize,
    [right("installed"), left("name"), left("version"), left("architecture")],
    (each) => [
      each.bytes === null ? "" : formatBytes(each.bytes),
      each.name,
      each.version,
      each.architecture ?? "",
    ],
  );
  return rows === "" && unreadPackages.length > 0 ? "  (how many they are is not known)\n" : rows;
}
