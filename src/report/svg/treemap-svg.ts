import { formatBytes } from "../../format-bytes.ts";
import { printable } from "../../printable.ts";
import { CATEGORIES, CATEGORY_TITLES } from "../treemap/category.ts";
import { changeOf } from "../treemap/change.ts";
import { layout, type Tile } from "../treemap/layout.ts";
import {
  CATEGORY_COLOURS,
  CHANGE_COLOURS,
  CHANGE_TITLES,
  CHANGES,
  type Colour,
  GROUND,
} from "../treemap/palette.ts";
import type { Tree } from "../treemap/tree.ts";
import { TreeCategories } from "../treemap/tree-categories.ts";

export interface SvgWords {
  readonly title: string;
  /** What stands below it. */
  readonly facts: string;
  /** Whether the tree is of two images. */
  readonly isComparison: boolean;
}

const WIDTH = 1200;
const HEIGHT = 800;
const TOP = 64;
const BOTTOM = 36;
const FONT = 11;
/** Of a character, on average. */
const CHARACTER = 6.1;
const LAYOUT = { depth: 5, most: 2500, leastArea: 20, header: 16, gap: 2 };

/** A treemap of all files as one picture, for light and dark ground. */
export function treemapSvg(tree: Tree, { title, facts, isComparison }: SvgWords): string {
  const area = { x: 12, y: TOP, width: WIDTH - 24, height: HEIGHT - TOP - BOTTOM };
  const categories = new TreeCategories(tree);
  const colourOf = (number: number): string =>
    isComparison ? changeOf(tree, number) : categories.dominant(number);
  const tiles = layout(tree, 0, area, LAYOUT).map((tile) => tileSvg(tree, tile, colourOf, isComparison));
  const heading = escaped(printable(title));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title facts">
<title id="title">${heading}</title>
<desc id="facts">${escaped(facts)}</desc>
<style>${style(isComparison)}</style>
<rect class="page" width="${WIDTH}" height="${HEIGHT}"/>
<text class="heading" x="12" y="28">${escaped(fitted(printable(title), WIDTH - 24, 10.5))}</text>
<text class="quiet" x="12" y="50">${escaped(facts)}</text>
${tiles.join("\n")}
${legend(isComparison)}
</svg>
`;
}

function tileSvg(
  tree: Tree,
  tile: Tile,
  colourOf: (number: number) => string,
  isComparison: boolean,
): string {
  const { number, x, y, width, height, form } = tile;
  const isOpen = form === "open";
  const name = `${printable(tree.names[number] ?? "")}${tree.isFolder(number) ? "/" : ""}`;
  const size = sizeText(tree, number, isComparison);
  const box = `x="${rounded(x)}" y="${rounded(y)}" width="${rounded(Math.max(0, width - 1))}" height="${rounded(Math.max(0, height - 1))}"`;
  if (form === "rest") return `<rect class="rest" ${box}/>`;
  const about = `<title>${escaped(printable(tree.pathOf(number)))}: ${escaped(size)}</title>`;
  const label = isOpen ? `${name}  ${size}` : name;
  const lines = [textLine(label, x, y + 12, width)];
  if (!isOpen && height > 30) lines.push(textLine(size, x, y + 26, width, "quiet"));
  const text = height < 15 ? "" : lines.join("");
  return `<g>${about}<rect class="${isOpen ? "folder" : colourOf(number)}" ${box}/>${text}</g>`;
}

function sizeText(tree: Tree, number: number, isComparison: boolean): string {
  if (!isComparison) return formatBytes(tree.bytes[number] ?? 0);
  const grown = (tree.after[number] ?? 0) - (tree.before[number] ?? 0);
  const title = CHANGE_TITLES[changeOf(tree, number)].toLowerCase();
  return grown === 0 ? title : `${grown < 0 ? "−" : "+"}${formatBytes(Math.abs(grown))}`;
}

function textLine(text: string, x: number, y: number, width: number, kind = ""): string {
  const shown = fitted(text, width - 8, CHARACTER);
  if (shown === "") return "";
  return `<text${kind === "" ? "" : ` class="${kind}"`} x="${rounded(x + 4)}" y="${rounded(y)}">${escaped(shown)}</text>`;
}

/** What of a text fits; nothing where that is not worth it. */
function fitted(text: string, width: number, character: number): string {
  const most = Math.floor(width / character);
  if (text.length <= most) return text;
  return most < 4 ? "" : `${text.slice(0, most - 1)}…`;
}

function legend(isComparison: boolean): string {
  const entries = isComparison
    ? CHANGES.map((change) => [change, CHANGE_TITLES[change]] as const)
    : CATEGORIES.map((category) => [category, CATEGORY_TITLES[category]] as const);
  let x = 12;
  return entries
    .map(([name, title]) => {
      const at = x;
      x += 28 + title.length * CHARACTER;
      return `<rect class="${name}" x="${rounded(at)}" y="${HEIGHT - 24}" width="12" height="12"/><text x="${rounded(at + 17)}" y="${HEIGHT - 14}">${title}</text>`;
    })
    .join("");
}

function style(isComparison: boolean): string {
  const colours = Object.entries(isComparison ? CHANGE_COLOURS : CATEGORY_COLOURS);
  const ground = (on: keyof Colour): string =>
    [
      `.page{fill:${GROUND.page[on]}}text{fill:${GROUND.text[on]}}.quiet{fill:${GROUND.text[on]}}`,
      `.rest{fill:${GROUND.line[on]}}`,
      `.folder{fill:${GROUND.raised[on]};stroke:${GROUND.line[on]}}`,
      ...colours.map(([name, colour]) => `.${name}{fill:${colour[on]}}`),
    ].join("");
  const font = "ui-sans-serif,system-ui,'Segoe UI',Roboto,sans-serif";
  return `text{font:${FONT}px ${font}}.heading{font-size:19px;font-weight:600}${ground("light")}@media(prefers-color-scheme:dark){${ground("dark")}}`;
}

function rounded(value: number): string {
  return String(Math.round(value * 10) / 10);
}

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** As text in a document; what no document may have is U+FFFD. */
function escaped(text: string): string {
  return text
    .replace(/[\ufffe\uffff]/g, "\ufffd")
    .replace(/[&<>"]/g, (character) => ESCAPES[character] ?? "");
}
