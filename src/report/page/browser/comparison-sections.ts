import { formatBytes } from "../../../format-bytes.ts";
import type { PackageChange, SizeChange } from "../../facts/report.ts";
import type { ComparisonPage } from "../data.ts";
import { counted, element, quoted } from "./dom.ts";
import { pathColumn, type Section, section, tableOf } from "./section.ts";
import { changeText } from "./words.ts";

/** The parts of a page of two images that have anything in them. */
export function comparisonSections({ report, moreFiles }: ComparisonPage): Section[] {
  const more =
    moreFiles > 0 ? `${counted(moreFiles, "more file is", "more files are")} not on this page.` : "";
  const sections = [
    section("files", "Files that are not the same", more, report.files.length, () =>
      changedTable(report.files),
    ),
    section("packages", "Packages", "", report.packages.length, () => packageChangesTable(report.packages)),
  ];
  return sections.filter((each) => each !== undefined);
}

function changedTable(files: readonly SizeChange[]): HTMLElement {
  const size = (bytes: number | null): string => (bytes === null ? "none" : formatBytes(bytes));
  const grown = ({ before, after }: SizeChange): number => (after ?? 0) - (before ?? 0);
  return tableOf(files, {
    noun: ["file", "files"],
    caption: "Files that are not the same",
    isTitled: true,
    columns: [
      pathColumn<SizeChange>(),
      {
        title: "Change",
        isNumber: true,
        by: (file) => Math.abs(grown(file)),
        cell: (file) => changeText(grown(file)),
      },
      {
        title: "Before",
        isNumber: true,
        by: ({ before }) => before ?? -1,
        cell: ({ before }) => size(before),
      },
      { title: "After", isNumber: true, by: ({ after }) => after ?? -1, cell: ({ after }) => size(after) },
    ],
    sortedBy: 1,
  });
}

function packageChangesTable(packages: readonly PackageChange[]): HTMLElement {
  return tableOf(packages, {
    noun: ["package", "packages"],
    caption: "Packages that are not the same",
    isTitled: true,
    columns: [
      { title: "Name", by: ({ name }) => name, cell: ({ name }) => quoted(name) },
      {
        title: "Architecture",
        by: ({ architecture }) => architecture ?? "",
        cell: architectureCell,
      },
      { title: "Before", cell: ({ before }) => (before === null ? "none" : quoted(before)) },
      { title: "After", cell: ({ after }) => (after === null ? "none" : quoted(after)) },
    ],
  });
}

function architectureCell({ architecture, architectureBefore }: PackageChange): Node | string {
  const told = (each: string | null): Node | string => (each === null ? "not told" : quoted(each));
  if (architectureBefore === undefined) return told(architecture);
  return element("span", {}, told(architectureBefore), " → ", told(architecture));
}
