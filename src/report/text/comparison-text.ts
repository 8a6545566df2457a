import { formatBytes } from "../../format-bytes.ts";
import { printable } from "../../printable.ts";
import type { ComparisonReport, PackageChange, SizeChange } from "../facts/report.ts";
import { type Column, columns } from "./columns.ts";
import { andMore, left, PATH, right, rowsOf, section, sourceText, totalsText } from "./image-text.ts";

/** Folders that are told. */
const MOST_FOLDERS = 30;

/** What differs between two images, for a terminal. */
export function comparisonText(report: ComparisonReport): string {
  const { before, after, folders, files, moreFiles, packages } = report;
  const grown = after.totals.bytes - before.totals.bytes;
  const head =
    `before  ${printable(sourceText(before))}\n        ${totalsText(before.totals)}\n` +
    `after   ${printable(sourceText(after))}\n        ${totalsText(after.totals)}\n` +
    `change  ${changeText(grown)}\n`;
  const titles: Column[] = [right("change"), right("before"), right("after"), PATH];
  const most = [...folders]
    .sort((a, b) => Math.abs(changeOf(b)) - Math.abs(changeOf(a)))
    .slice(0, MOST_FOLDERS);
  const told = new Set(most);
  const shown = folders.filter((each) => told.has(each));
  const parts = [
    head,
    section("Folders", columns(titles, shown.map(changeRow)) + andMore(folders.length - shown.length)),
    section("Files", rowsOf(files, titles, changeRow, moreFiles)),
    section(
      "Packages",
      rowsOf(packages, [left("name"), left("architecture"), left("before"), left("after")], (each) => [
        each.name,
        architectureOf(each),
        each.before ?? "none",
        each.after ?? "none",
      ]),
    ),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function architectureOf({ architecture, architectureBefore }: PackageChange): string {
  if (architectureBefore === undefined) return architecture ?? "";
  return `${architectureBefore ?? "not told"} → ${architecture ?? "not told"}`;
}

function changeRow(change: SizeChange): string[] {
  const { before, after, path } = change;
  const size = (bytes: number | null): string => (bytes === null ? "none" : formatBytes(bytes));
  return [changeText(changeOf(change)), size(before), size(after), path];
}

function changeOf({ before, after }: SizeChange): number {
  return (after ?? 0) - (before ?? 0);
}

/** "+1.2 MiB", "-3 B", "0 B". */
export function changeText(bytes: number): string {
  if (bytes === 0) return "0 B";
  return `${bytes < 0 ? "-" : "+"}${formatBytes(Math.abs(bytes))}`;
}
