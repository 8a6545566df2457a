import { formatBytes } from "../../../format-bytes.ts";
import {
  type Duplicates,
  filesOf,
  type LargeFile,
  type LayerFacts,
  type PackageFacts,
  type PrivilegedFile,
  type WastedFile,
} from "../../facts/report.ts";
import type { ImagePage } from "../data.ts";
import { counted, element, quoted } from "./dom.ts";
import { bytesColumn, pathColumn, type Section, section, tableOf } from "./section.ts";

/** "sha256:" and twelve digits. */
const SHORT_DIGEST = 19;
/** Characters of a command from which on it is shortened, and what is left of it. */
const LONG = 160;
const SHORTENED = 120;

/** The parts of a page of one image that have anything in them. */
export function imageSections({ report, moreDuplicates }: ImagePage): Section[] {
  const { layers, wasted, largest, duplicates, duplicateBytes, privileged, morePrivileged } = report;
  const sections: (Section | undefined)[] = [
    layers.length === 0 ? undefined : layersSection(layers, wasted),
    section("largest", "Largest files", "", largest.length, () => largestTable(largest)),
    section(
      "duplicates",
      "Duplicates",
      `${formatBytes(duplicateBytes)} could be spared if files with the same contents were one.${moreDuplicates > 0 ? ` ${counted(moreDuplicates, "smaller group is", "smaller groups are")} not on this page.` : ""}`,
      duplicates.length,
      () => duplicatesTable(duplicates),
    ),
    section(
      "privileges",
      "Setuid, setgid and capabilities",
      `Who runs these files gets more than their own rights.${morePrivileged > 0 ? ` ${counted(morePrivileged, "more file is", "more files are")} not on this page.` : ""}`,
      privileged.length,
      () => privilegedTable(privileged),
    ),
    packagesSection(report),
  ];
  return sections.filter((each) => each !== undefined);
}

function layersSection(layers: readonly LayerFacts[], wasted: readonly WastedFile[]): Section {
  const sum = layers.reduce((total, { wastedBytes }) => total + wastedBytes, 0);
  return {
    id: "layers",
    title: "Layers",
    lead:
      sum === 0
        ? "Nothing that a layer adds is replaced or removed by one above it."
        : `${formatBytes(sum)} are in layers and not in the image: layers above replace or remove them.`,
    parts: [layersTable(layers), ...(wasted.length === 0 ? [] : [wastedTable(wasted)])],
  };
}

function layersTable(layers: readonly LayerFacts[]): HTMLElement {
  const most = Math.max(...layers.map(({ addedBytes }) => addedBytes));
  return tableOf(layers, {
    noun: ["layer", "layers"],
    caption: "Layers, from the base upwards",
    columns: [
      { title: "Layer", isNumber: true, by: ({ number }) => number, cell: ({ number }) => String(number) },
      {
        title: "Made by",
        cell: ({ createdBy, digest }) => maker(createdBy ?? digest.slice(0, SHORT_DIGEST)),
      },
      bytesColumn<LayerFacts>("Stored", ({ storedBytes }) => storedBytes),
      bytesColumn<LayerFacts>("Adds", ({ addedBytes }) => addedBytes),
      { title: "Kept and wasted", isExtra: true, cell: (layer) => layerBar(layer, most) },
      {
        title: "Files",
        isNumber: true,
        by: ({ files }) => files,
        cell: ({ files }) => files.toLocaleString("en"),
      },
      bytesColumn<LayerFacts>("Hides", ({ hiddenBytes }) => hiddenBytes),
      bytesColumn<LayerFacts>("Repeats", ({ repeatedBytes }) => repeatedBytes),
      bytesColumn<LayerFacts>("Wasted", ({ wastedBytes }) => wastedBytes),
    ],
  });
}

/** A command; of a long one the beginning, and the whole where it is asked for. */
function maker(text: string): HTMLElement {
  if (text.length <= LONG) return element("span", { class: "made" }, quoted(text));
  const summary = element("summary", {}, quoted(`${text.slice(0, SHORTENED)}…`));
  return element("details", { class: "made" }, summary, quoted(text));
}

function layerBar({ addedBytes, wastedBytes }: LayerFacts, most: number): HTMLElement {
  const part = (name: string, bytes: number): HTMLElement => {
    const made = element("span", { class: name });
    made.style.width = `${most === 0 ? 0 : (bytes / most) * 100}%`;
    return made;
  };
  return element(
    "span",
    { class: "track", "aria-hidden": "true" },
    part("bar kept", addedBytes - wastedBytes),
    part("bar wasted", wastedBytes),
  );
}

function wastedTable(wasted: readonly WastedFile[]): HTMLElement {
  return tableOf(wasted, {
    noun: ["file", "files"],
    caption: "The largest files that a layer has and one above hides",
    columns: [
      pathColumn<WastedFile>(),
      bytesColumn<WastedFile>("Bytes", ({ bytes }) => bytes),
      { title: "In layer", isNumber: true, by: ({ layer }) => layer, cell: ({ layer }) => String(layer) },
      {
        title: "Hidden by",
        isNumber: true,
        by: ({ hiddenBy }) => hiddenBy,
        cell: ({ hiddenBy }) => String(hiddenBy),
      },
    ],
  });
}

function largestTable(largest: readonly LargeFile[]): HTMLElement {
  const hasHoles = largest.some(({ bytes, storedBytes }) => storedBytes < bytes);
  return tableOf(largest, {
    noun: ["file", "files"],
    caption: "Largest files",
    isTitled: true,
    columns: [
      pathColumn<LargeFile>(),
      bytesColumn<LargeFile>("Bytes", ({ bytes }) => bytes),
      ...(hasHoles ? [bytesColumn<LargeFile>("Without holes", ({ storedBytes }) => storedBytes)] : []),
    ],
  });
}

function duplicatesTable(duplicates: readonly Duplicates[]): HTMLElement {
  return tableOf(duplicates, {
    noun: ["group", "groups"],
    caption: "Files with the same contents",
    isTitled: true,
    columns: [
      { title: "Paths", cell: duplicatePaths },
      {
        title: "Files",
        isNumber: true,
        by: filesOf,
        cell: (group) => filesOf(group).toLocaleString("en"),
      },
      bytesColumn<Duplicates>("Each", ({ bytes }) => bytes),
      bytesColumn<Duplicates>("Could be spared", ({ wastedBytes }) => wastedBytes),
    ],
    sortedBy: 3,
  });
}

function duplicatePaths(group: Duplicates): HTMLElement {
  const [first = "", ...others] = group.paths;
  const count = filesOf(group) - 1;
  const untold = count - others.length;
  const items = others.map((path) => element("li", {}, quoted(path)));
  const rest = untold > 0 ? [element("li", {}, `… and ${untold.toLocaleString("en")} more`)] : [];
  return element(
    "details",
    {},
    element("summary", {}, quoted(first), ` and ${counted(count, "other")}`),
    element("ul", {}, ...items, ...rest),
  );
}

function privilegedTable(privileged: readonly PrivilegedFile[]): HTMLElement {
  return tableOf(privileged, {
    noun: ["file", "files"],
    caption: "Setuid, setgid and capabilities",
    isTitled: true,
    columns: [
      pathColumn<PrivilegedFile>(),
      { title: "Mode", isNumber: true, by: ({ mode }) => mode, cell: ({ mode }) => mode },
      { title: "Owner", isNumber: true, cell: ({ uid, gid }) => `${uid}:${gid}` },
      {
        title: "Gives",
        cell: ({ setuid, setgid, capabilities }) =>
          [...(setuid ? ["setuid"] : []), ...(setgid ? ["setgid"] : []), ...(capabilities ?? "").split(" ")]
            .filter((word) => word !== "")
            .join(", "),
      },
    ],
  });
}

function packagesSection({ packages, unreadPackages }: ImagePage["report"]): Section | undefined {
  if (packages.length + unreadPackages.length === 0) return undefined;
  const unread =
    unreadPackages.length === 0
      ? ""
      : ` The image has packages of ${unreadPackages.join(" and ")} as well: which, and how many, this report does not read.`;
  const parts = packages.length === 0 ? [] : [packagesTable(packages)];
  return {
    id: "packages",
    title: "Packages",
    lead: `${packages.length === 0 ? "" : `${counted(packages.length, "package")}, with the sizes that they say themselves.`}${unread}`,
    parts,
  };
}

function packagesTable(packages: readonly PackageFacts[]): HTMLElement {
  return tableOf(packages, {
    noun: ["package", "packages"],
    caption: "Packages",
    isTitled: true,
    columns: [
      { title: "Name", by: ({ name }) => name, cell: ({ name }) => quoted(name) },
      { title: "Version", cell: ({ version }) => quoted(version) },
      {
        title: "Architecture",
        isExtra: true,
        by: ({ architecture }) => architecture ?? "",
        cell: ({ architecture }) => (architecture === null ? "not told" : quoted(architecture)),
      },
      {
        title: "Installed",
        isNumber: true,
        by: ({ bytes }) => bytes ?? 0,
        cell: ({ bytes }) => (bytes === null ? "not told" : formatBytes(bytes)),
      },
      { title: "Manager", isExtra: true, by: ({ manager }) => manager, cell: ({ manager }) => manager },
    ],
    sortedBy: 3,
  });
}
