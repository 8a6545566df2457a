/** README.md and the pages of the manual, taken apart: blocks of code, the commands in them, the code within sentences. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "../support/package.ts";

/** A document by its path in the repository. */
export interface Document {
  readonly path: string;
  readonly text: string;
}

const MANUAL = /\]\((src\/manual\/[\w-]+\.md)/g;

function read(path: string): Document {
  return { path, text: readFileSync(join(REPOSITORY, path), "utf8") };
}

export const README = read("README.md");

/** README, and the pages that it leads to, as it names them. */
export const DOCUMENTS: readonly Document[] = [
  README,
  ...[...new Set([...README.text.matchAll(MANUAL)].map(([, path = ""]) => path))].map(read),
];

/** The page that is made of tables, where everything is: what stands there alone is not explained yet. */
const REFERENCE = "src/manual/reference.md";

/** All that somebody has written, as one. */
export const ALL_TEXT = DOCUMENTS.filter(({ path }) => path !== REFERENCE)
  .map(({ text }) => text)
  .join("\n");

/** A fenced block. */
export interface Block {
  /** The title of the section that it is in. */
  readonly section: string;
  /** What stands behind the fence: "sh", "ts", "text". */
  readonly language: string;
  readonly text: string;
}

/** The fenced blocks, in order. */
export function blocks(markdown: string): readonly Block[] {
  const found: Block[] = [];
  const parts = /^#+ (?<title>.+)$|^```(?<language>\w+)\n(?<text>[\s\S]*?)^```$/gm;
  let section = "";
  for (const { groups } of markdown.matchAll(parts)) {
    if (groups?.["title"] !== undefined) section = groups["title"];
    else found.push({ section, language: groups?.["language"] ?? "", text: groups?.["text"] ?? "" });
  }
  return found;
}

/** The commands of a shell block, one each: without comments, and lines that go on put together. */
export function commandsOf(text: string): readonly string[] {
  return text
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .map((line) => line.replace(/(^|\s+)# .*$/, "").trim())
    .filter((line) => line !== "");
}

/** What is set as code within sentences. */
export function codeSpans(markdown: string): readonly string[] {
  const sentences = markdown.replaceAll(/^```[\s\S]*?^```$/gm, "");
  return [...sentences.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? "");
}
