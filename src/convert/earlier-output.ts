import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FILE_NAMES } from "../launch/monitors.ts";
import { METADATA_NAME } from "./meta.ts";

/**
 * What profiles make beside an image: Gondolin's kernels and initramfs have the names that its base gives them. Another
 * name in a meta.json, which may be from anywhere, is not believed: what is named goes.
 */
const ASSET =
  /^(?:bootstrap\.json|user-data|meta-data|seed\.img|manifest\.json|(?:vmlinu[xz]|initramfs|krun-)[\w.-]*)$/;

/**
 * What an earlier conversion has made beside its image, by its own word in meta.json: it belongs to that image, names it
 * by its hash tree perhaps, and must not stay beside another. None where nothing says so: a file of the same name is then
 * somebody's own.
 */
export function earlierOutput(folder: string): readonly string[] {
  let document: Readonly<Record<"launch" | "assets", unknown>>;
  try {
    document = JSON.parse(readFileSync(join(folder, METADATA_NAME), "utf8")) ?? {};
  } catch {
    return [];
  }
  const launched = listOf(document.launch).map((each) => (each as { readonly file?: unknown } | null)?.file);
  const assets = listOf(document.assets).filter((name): name is string => ASSET.test(String(name)));
  return [...Object.values(FILE_NAMES).filter((name) => launched.includes(name)), ...assets];
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
