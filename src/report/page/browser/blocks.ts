import { formatBytes } from "../../../format-bytes.ts";
import { CELL_LETTERS } from "../../facts/block-cells.ts";
import { BLOCK_KINDS, type BlockKind } from "../../facts/report.ts";
import type { BlockMap } from "../data.ts";
import { counted, element, shareText } from "./dom.ts";
import type { Section } from "./section.ts";
import { SortableTable } from "./table.ts";

const SVG = "http://www.w3.org/2000/svg";
const COLUMNS = 128;

export const BLOCK_TITLES: Readonly<Record<BlockKind, string>> = {
  metadata: "Metadata",
  directories: "Directories",
  contents: "Contents of files",
  journal: "Journal",
  free: "Free",
};

/** The map of a filesystem's blocks, and how many there are of each kind. */
export function blocksSection(map: BlockMap): Section {
  const { type, blocks, blockSize, behindBytes, perCell } = map;
  const behind = behindBytes > 0 ? ` ${formatBytes(behindBytes)} lie behind the filesystem.` : "";
  const cell = perCell === 1 ? "a block" : counted(perCell, "block");
  return {
    id: "blocks",
    title: "Blocks",
    lead: `${counted(blocks, "block")} of ${type}, ${blockSize.toLocaleString("en")} bytes each, from the first to the last: a cell is ${cell}, pale where half of it or more is free.${behind}`,
    parts: [element("div", { class: "blocks" }, picture(map)), kindsTable(map)],
  };
}

function picture({ letters }: BlockMap): Element {
  const rows = Math.ceil(letters.length / COLUMNS);
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${COLUMNS} ${rows}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", "Map of the blocks; the table below has the numbers");
  for (const letter of new Set(letters)) {
    const kind = BLOCK_KINDS.find((each) => CELL_LETTERS[each] === letter.toUpperCase());
    if (kind === undefined) continue;
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", shapeOf(letters, letter));
    path.setAttribute("class", `${kind}${letter === CELL_LETTERS[kind] ? "" : " pale"}`);
    svg.append(path);
  }
  return svg;
}

/** A rectangle for each run of cells with the letter, in one path. */
function shapeOf(letters: string, letter: string): string {
  let shape = "";
  for (let at = 0; at < letters.length; ) {
    if (letters[at] !== letter) {
      at++;
      continue;
    }
    const row = Math.floor(at / COLUMNS);
    let end = at;
    while (end < Math.min(letters.length, (row + 1) * COLUMNS) && letters[end] === letter) end++;
    shape += `M${at - row * COLUMNS} ${row}h${end - at}v1h-${end - at}z`;
    at = end;
  }
  return shape;
}

function kindsTable({ blocksOf, blockSize, blocks }: BlockMap): HTMLElement {
  const table = new SortableTable<BlockKind>({
    noun: ["kind", "kinds"],
    caption: "What blocks are for",
    isTitled: true,
    columns: [
      {
        title: "Kind",
        cell: (kind) =>
          element(
            "span",
            {},
            element("span", { class: `swatch block-${kind}`, "aria-hidden": "true" }),
            BLOCK_TITLES[kind],
          ),
      },
      {
        title: "Blocks",
        isNumber: true,
        by: (kind) => blocksOf[kind],
        cell: (kind) => blocksOf[kind].toLocaleString("en"),
      },
      {
        title: "Bytes",
        isNumber: true,
        by: (kind) => blocksOf[kind],
        cell: (kind) => formatBytes(blocksOf[kind] * blockSize),
      },
      { title: "Share", isNumber: true, cell: (kind) => shareText(blocksOf[kind], blocks) },
    ],
  });
  table.show(BLOCK_KINDS.filter((kind) => blocksOf[kind] > 0));
  return table.element;
}
