import { existsSync, lstatSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import type { ImageOptions } from "../convert/options.ts";
import { Docker2vmError } from "../errors.ts";
import { FILESYSTEM_NAMES } from "../filesystem/kind/kind.ts";
import { checkFilesToBe, writeWholeFiles } from "../output/whole-files.ts";
import { packedComparison, packedList } from "../report/pack-tree.ts";
import { comparisonPage, imagePage } from "../report/page-data.ts";
import type { SvgWords } from "../report/svg/treemap-svg.ts";
import { totalsText } from "../report/text/image-text.ts";
import { type PackedTree, Tree } from "../report/treemap/tree.ts";
import { parseSourceReference } from "../source/reference.ts";
import type { SourceSpec } from "../source/source.ts";
import { type CommandLine, choice, flag, stringOption } from "./arguments.ts";
import { withNamespaces } from "./containerd-source.ts";
import { wordsOf } from "./filesystem/with-filesystem.ts";
import type { Host } from "./host.ts";
import { REPORT_OPTIONS } from "./options/report.ts";
import { printable } from "./printable.ts";
import { readingSettings } from "./reading-settings.ts";
import { settledSource } from "./source-choice.ts";
import { sourceSpec } from "./standard-input.ts";

type Format = (typeof REPORT_OPTIONS.format.values)[number];
type Source = SourceSpec | string;

/** `docker2vm report SOURCE [B]`: where the bytes are, or what of them is not the same in two images. */
export async function runReport(line: CommandLine, host: Host): Promise<void> {
  const words = wordsOf(line, ["SOURCE", "[SOURCE]"], 1);
  const format = choice(line, "format", REPORT_OPTIONS.format.values) ?? "html";
  const out = outOf(line, format);
  if (words.filter(isStandardInput).length > 1) {
    throw new Docker2vmError("E_USAGE", "standard input can be one of the two only", {
      hint: "keep the other one in a file",
    });
  }
  if (out !== undefined) await checkFilesToBe([out], flag(line, "force"));
  const settled: string[] = [];
  for (const word of words) settled.push(await settle(word, host));
  if (out !== undefined) for (const source of settled) refuseWithin(source, out);
  const options = await readingSettings(line, host, settled.find(isStandardInput) ?? settled[0] ?? "");
  const specs = settled.map((source) => sourceSpec(source, "report -", host));
  const [source = "", other] = withNamespaces(line, specs);
  const text =
    other === undefined ? await ofOne(source, options, format) : await ofTwo(source, other, options, format);
  if (out === undefined) await host.stdout.write(text);
  else await writeWholeFiles([{ path: out, bytes: Buffer.from(text) }], flag(line, "force"));
}

/** Throws E_USAGE for a report that would take the place of what it is about, or of a part of that. */
function refuseWithin(source: string, out: string): void {
  if (isStandardInput(source)) return;
  const spec = parseSourceReference(source);
  const path = "path" in spec ? spec.path : undefined;
  if (path === undefined || !existsSync(path)) return;
  if (lstatSync(out, { throwIfNoEntry: false }) === undefined) return;
  const place = placeOf(out);
  const below = relative(realpathSync(path), place);
  const isOutside = below === ".." || below.startsWith(`..${sep}`);
  if (isOutside && place !== placeOf(path)) return;
  throw new Docker2vmError(
    "E_USAGE",
    `${out}: the report would take the place of what it is about, ${source}`,
    {
      hint: "name another file with --out",
    },
  );
}

/** Where a name is, whatever is behind it: of a link its own place, for that is what a new file replaces. */
function placeOf(path: string): string {
  return join(realpathSync(dirname(path)), basename(path));
}

function isStandardInput(source: string): boolean {
  return source === "-" || source.endsWith(":-");
}

/** The file, or undefined for standard output. */
function outOf(line: CommandLine, format: Format): string | undefined {
  const out = stringOption(line, "out");
  if (out === undefined && format === "html") {
    throw new Docker2vmError("E_USAGE", "no output given", {
      hint: "add --out report.html, --out - for standard output, or --format text for a terminal",
    });
  }
  return out === "-" ? undefined : out;
}

/** A path is that of whatever is in it: a filesystem's image, what a conversion has made, or a source of one. */
async function settle(word: string, host: Host): Promise<string> {
  const found = statSync(word, { throwIfNoEntry: false });
  if (found?.isDirectory() && existsSync(join(word, "meta.json"))) {
    const image = FILESYSTEM_NAMES.map((name) => join(word, `rootfs.${name}`)).find((path) =>
      existsSync(path),
    );
    if (image !== undefined) return `image:${image}`;
  }
  const path = found?.isFile() && !/^[./~]/.test(word) ? `./${word}` : word;
  return settledSource(path, (text, source) => {
    if (!source.startsWith("image:")) host.stderr.write(`${printable(text)}\n`);
  });
}

async function ofOne(source: Source, options: Omit<ImageOptions, "source">, format: Format): Promise<string> {
  const { readForReport } = await import("../report/read-report.ts");
  const { report, list } = await readForReport({ ...options, source });
  switch (format) {
    case "json":
      return (await import("../report/json.ts")).reportJson(report);
    case "text":
      return (await import("../report/text/image-text.ts")).imageText(report, list);
    case "svg": {
      const facts = totalsText(report.totals);
      return drawn(packedList(list), { title: report.source, facts, isComparison: false });
    }
    case "html":
      return (await import("../report/page/page.ts")).reportPage(imagePage(report, list));
  }
}

async function ofTwo(
  before: Source,
  after: Source,
  options: Omit<ImageOptions, "source">,
  format: Format,
): Promise<string> {
  const { readForComparison } = await import("../report/compare-images.ts");
  const { report, names } = await readForComparison(before, after, options);
  switch (format) {
    case "json":
      return (await import("../report/json.ts")).reportJson(report);
    case "text":
      return (await import("../report/text/comparison-text.ts")).comparisonText(report);
    case "svg": {
      const title = `${report.before.source} → ${report.after.source}`;
      const facts = `${totalsText(report.before.totals)} before; ${totalsText(report.after.totals)} after`;
      return drawn(packedComparison(names), { title, facts, isComparison: true });
    }
    case "html":
      return (await import("../report/page/page.ts")).reportPage(comparisonPage(report, names));
  }
}

async function drawn(packed: PackedTree, words: SvgWords): Promise<string> {
  const { treemapSvg } = await import("../report/svg/treemap-svg.ts");
  return treemapSvg(new Tree(packed), words);
}
