import { createHash } from "node:crypto";
import { formatBytes } from "../../format-bytes.ts";
import { printable } from "../../printable.ts";
import type { SourceFacts, Totals } from "../facts/report.ts";
import { CATEGORY_COLOURS, CHANGE_COLOURS, type Colour, GROUND } from "../treemap/palette.ts";
import { SCRIPT } from "./built/script.ts";
import { STYLE } from "./built/style.ts";
import { isComparison, type PageData } from "./data.ts";

/** Colours of kinds of blocks, on both grounds: apart in lightness as well. */
const BLOCK_COLOURS = {
  metadata: { light: "#4a3a8c", dark: "#b3a5ee" },
  directories: { light: "#b0541a", dark: "#efa56c" },
  contents: { light: "#5b9bd8", dark: "#3f7dbb" },
  journal: { light: "#1d6b58", dark: "#6fc9b1" },
  free: { light: "#e6eaee", dark: "#252b32" },
} as const satisfies Record<string, Colour>;
const FOCUS = { light: "#0b57d0", dark: "#8ab8ff" };
/** Around what is coloured, so that it can be told from the ground without its colour. */
const EDGE = { light: "#00000038", dark: "#ffffff40" };

/** A report as one page: whatever it shows is in it, and nothing else is ever asked for. */
export function reportPage(data: PageData): string {
  const title = isComparison(data)
    ? `${printable(data.report.before.source)} → ${printable(data.report.after.source)}`
    : printable(data.report.source);
  const style = colourRules() + STYLE;
  const policy = [
    "default-src 'none'",
    `script-src 'sha256-${sha256(SCRIPT)}'`,
    // The script places tiles, which is not what this is about.
    `style-src 'sha256-${sha256(style)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${escaped(title)} · where the bytes are</title>
<style>${style}</style>
</head>
<body>
<header>
${heading(data)}
</header>
<main>
<noscript><p>All else on this page is drawn by its script, which asks for nothing from elsewhere.</p></noscript>
</main>
<footer>Made by docker2vm report. Sizes are those of files as they read; KiB, MiB and GiB are powers of 1024.</footer>
<script type="application/json" id="data">${embedded(data)}</script>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

function heading(data: PageData): string {
  if (!isComparison(data)) {
    const { report } = data;
    const wasted = report.layers.reduce((sum, layer) => sum + layer.wastedBytes, 0);
    const stored = report.layers.reduce((sum, layer) => sum + layer.storedBytes, 0);
    const layers = report.layers.length;
    return `<p>Where the bytes are</p>
<h1>${quoted(report.source)}</h1>
<p>${about(report)}</p>
${figures([
  [formatBytes(report.totals.bytes), filesText(report.totals)],
  ...(report.totals.storedBytes < report.totals.bytes
    ? ([[formatBytes(report.totals.storedBytes), "without holes"]] as const)
    : []),
  ...(layers === 0
    ? []
    : ([
        [formatBytes(stored), `stored in ${layers === 1 ? "1 layer" : `${layers} layers`}`],
        [formatBytes(wasted), "wasted in layers"],
      ] as const)),
  [formatBytes(report.duplicateBytes), "in duplicates"],
  ...(report.packages.length === 0 ? [] : ([[grouped(report.packages.length), "packages"]] as const)),
])}`;
  }
  const { before, after } = data.report;
  const grown = after.totals.bytes - before.totals.bytes;
  return `<p>What is not the same</p>
<h1>${quoted(before.source)} → ${quoted(after.source)}</h1>
<p>Before: ${about(before)}</p>
<p>After: ${about(after)}</p>
${figures([
  [formatBytes(before.totals.bytes), `before, ${filesText(before.totals)}`],
  [formatBytes(after.totals.bytes), `after, ${filesText(after.totals)}`],
  [`${grown < 0 ? "−" : "+"}${formatBytes(Math.abs(grown))}`, "change"],
])}`;
}

function about({ platform, digest, created }: SourceFacts): string {
  const parts = [
    ...(platform === null ? [] : [escaped(platform)]),
    ...(created === null ? [] : [`created ${escaped(printable(created))}`]),
    ...(digest === null ? [] : [quoted(digest)]),
  ];
  return parts.length === 0 ? "files without an image" : parts.join(" · ");
}

function filesText({ files, directories, symlinks }: Totals): string {
  const numbers = [
    `${grouped(files)} files`,
    `${grouped(directories)} folders`,
    `${grouped(symlinks)} symlinks`,
  ];
  return `in ${numbers.join(", ")}`;
}

/** "12,345" */
function grouped(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

function figures(rows: readonly (readonly [figure: string, what: string])[]): string {
  const items = rows.map(
    ([figure, what]) => `<div><dt>${escaped(what)}</dt><dd>${escaped(figure)}</dd></div>`,
  );
  return `<dl class="figures">${items.join("")}</dl>`;
}

/** A custom property and a class for each colour, of the light ground and of the dark one. */
function colourRules(): string {
  const named: Readonly<Record<string, Colour>> = {
    ...GROUND,
    focus: FOCUS,
    edge: EDGE,
    ...CATEGORY_COLOURS,
    ...CHANGE_COLOURS,
    ...Object.fromEntries(Object.entries(BLOCK_COLOURS).map(([kind, colour]) => [`block-${kind}`, colour])),
  };
  const on = (ground: keyof Colour): string =>
    Object.entries(named)
      .map(([name, colour]) => `--${name}:${colour[ground]}`)
      .join(";");
  const filled = [...Object.keys(CATEGORY_COLOURS), ...Object.keys(CHANGE_COLOURS)];
  const blocks = Object.keys(BLOCK_COLOURS);
  return [
    `:root{${on("light")}}`,
    `@media(prefers-color-scheme:dark){:root{${on("dark")}}}`,
    `@media print{:root{${on("light")}}}`,
    ...filled.map((name) => `.${name}{background:var(--${name})}`),
    ...blocks.map((kind) => blockRule(kind, `block-${kind}`)),
  ].join("");
}

function blockRule(kind: string, name: string): string {
  return `.${name}{background:var(--${name})}.blocks .${kind}{fill:var(--${name})}`;
}

/** JSON for a script's place: nothing in it can end that, or begin a comment or another script. */
function embedded(data: PageData): string {
  return JSON.stringify(data).replaceAll("<", "\\u003c");
}

function quoted(text: string): string {
  return `<bdi class="path">${escaped(printable(text))}</bdi>`;
}

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ESCAPES[character] ?? "");
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}
