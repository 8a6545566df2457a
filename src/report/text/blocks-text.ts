import { formatBytes } from "../../format-bytes.ts";
import { blockCells, CELL_LETTERS } from "../facts/block-cells.ts";
import { BLOCK_KINDS, type FilesystemMap } from "../facts/report.ts";
import { columns } from "./columns.ts";

const WIDTH = 96;
const HEIGHT = 12;

/** What blocks are for, in numbers and as a map from the first to the last. */
export function blocksText({ type, blockSize, blocks, behindBytes, blocksOf, rows }: FilesystemMap): string {
  const kinds = BLOCK_KINDS.filter((kind) => blocksOf[kind] > 0).map((kind) => [
    formatBytes(blocksOf[kind] * blockSize),
    String(blocksOf[kind]),
    CELL_LETTERS[kind],
    kind,
  ]);
  const behind = behindBytes > 0 ? `  ${formatBytes(behindBytes)} lie behind the filesystem\n` : "";
  const { perCell, letters } = blockCells(rows, blocks, WIDTH * HEIGHT);
  const lines = letters.match(new RegExp(`.{1,${WIDTH}}`, "g")) ?? [];
  return (
    columns(
      [
        { title: "bytes", align: "right" },
        { title: "blocks", align: "right" },
        { title: "", align: "left" },
        { title: `of ${type}, ${blockSize} bytes each`, align: "left" },
      ],
      kinds,
    ) +
    `${behind}  Each letter is ${perCell === 1 ? "a block" : `${perCell} blocks`}, a small one where half of them or more are free.\n` +
    lines.map((line) => `  ${line}\n`).join("")
  );
}
