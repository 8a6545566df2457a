/** The list that a batch goes through: lines `SOURCE [OUT]`, or JSON with options for each item. */
import { resolve } from "node:path";
import { Docker2vmError, reasonOf } from "../../errors.ts";
import type { CommandLine } from "../arguments.ts";
import { ITEM_OPTIONS } from "../options/batch.ts";

/** One conversion of a batch. */
export interface BatchItem {
  /** As convert takes it. */
  readonly source: string;
  /** Absolute. */
  readonly out: string;
  /** Of options that are this item's alone, by their names. */
  readonly values: CommandLine["values"];
}

/** Of what stands on its own in a source: everything else becomes a dash in the name of a folder. */
const ODD = /[^\w.-]+/g;

/**
 * The items of a list; outputs are below `folder`, an absolute path. `where` names the list. Throws E_USAGE with
 * the line or item at fault.
 */
export function parseItems(text: string, folder: string, where: string): readonly BatchItem[] {
  const given = /^\s*[[{]/.test(text) ? itemsOfJson(text, where) : itemsOfLines(text, where);
  const items = given.map(({ source, out, values }) => ({
    source,
    out: resolve(folder, out ?? folderNameOf(source)),
    values,
  }));
  if (items.length === 0) throw wrong(where, "lists nothing", "write one image a line: SOURCE [OUT]");
  const below = folder.endsWith("/") ? folder : `${folder}/`;
  const outs = new Set<string>();
  for (const { out } of items) {
    if (!out.startsWith(below) || out === below) {
      throw wrong(where, `an item goes to ${out}, outside of ${folder}`, "name a folder below that of --out");
    }
    if (outs.has(out)) {
      throw wrong(where, `two items go to ${out}`, "give each an output of its own, behind its source");
    }
    outs.add(out);
  }
  return items;
}

interface GivenItem {
  readonly source: string;
  readonly out: string | undefined;
  readonly values: CommandLine["values"];
}

function itemsOfLines(text: string, where: string): readonly GivenItem[] {
  const items: GivenItem[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const [source, out, ...more] = line
      .replace(/(?:^|\s)#.*$/, "")
      .trim()
      .split(/\s+/);
    if (source === undefined || source === "") continue;
    if (more.length > 0) {
      const hint = "a line is SOURCE [OUT]; names with spaces and options need the list as JSON";
      throw wrong(`${where}: line ${i + 1}`, `does not take ${JSON.stringify(more[0])}`, hint);
    }
    items.push({ source, out, values: new Map() });
  }
  return items;
}

function itemsOfJson(text: string, where: string): readonly GivenItem[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (error) {
    throw wrong(where, `is not valid JSON: ${reasonOf(error)}`, "it is a list of items");
  }
  if (!Array.isArray(list)) throw wrong(where, "is no list", 'it is [{ "source": …, "out": …, … }, …]');
  return list.map((item: unknown, i) => itemOfJson(item, `${where}: item ${i + 1}`));
}

function itemOfJson(item: unknown, where: string): GivenItem {
  if (typeof item === "string") return { source: item, out: undefined, values: new Map() };
  if (typeof item !== "object" || item === null || Array.isArray(item)) {
    throw wrong(where, "is no item", 'it is an image\'s name, or { "source": …, "out": …, options }');
  }
  const { source, out, ...options }: { readonly source?: unknown; readonly out?: unknown } = item;
  if (typeof source !== "string" || source === "") {
    throw wrong(where, "has no source", '"source" is a text, as convert takes it');
  }
  if (out !== undefined && (typeof out !== "string" || out === "")) {
    throw wrong(where, "has no folder as its output", '"out" is the path of a folder');
  }
  const values = Object.entries<unknown>(options).map(
    ([name, value]) => [name, optionValue(name, value, where)] as const,
  );
  return { source, out, values: new Map(values) };
}

/** As a command line would have it. */
function optionValue(name: string, value: unknown, where: string): unknown {
  const option = Object.hasOwn(ITEM_OPTIONS, name) ? ITEM_OPTIONS[name] : undefined;
  if (option === undefined) {
    const hint = "an item takes the options of convert, without dashes, that say what is made";
    throw wrong(where, `does not take the option ${JSON.stringify(name)}`, hint);
  }
  if (option.type === "boolean" && typeof value === "boolean") return value;
  const text = (each: unknown) => (typeof each === "number" ? String(each) : each);
  const texts = Array.isArray(value) ? value.map(text) : text(value);
  const isText = (each: unknown) => typeof each === "string" && each !== "";
  if (option.type === "string" && (Array.isArray(texts) ? texts.every(isText) : isText(texts))) return texts;
  const expected = option.type === "boolean" ? "true or false" : "a text, a number, or a list of them";
  throw wrong(where, `has ${JSON.stringify(value)} for ${name}`, `give ${expected}`);
}

/** "ghcr.io-owner-app-1.2" for "ghcr.io/owner/app:1.2" */
function folderNameOf(source: string): string {
  const name = source
    .replace(/^docker:\/\//, "")
    .replaceAll(ODD, "-")
    .replace(/^[.-]+/, "");
  return name === "" ? "image" : name;
}

function wrong(where: string, what: string, hint: string): Docker2vmError {
  return new Docker2vmError("E_USAGE", `${where}: ${what}`, { hint });
}
