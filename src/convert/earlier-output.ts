import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FILE_NAMES } from "../launch/monitors.ts";
import { METADATA_NAME } from "./meta.ts";

/**
 * The launch files of an earlier conversion, by its own word in meta.json: they name that image, by its hash tree
 * perhaps, and must not stay beside another. None where nothing says so: a file of the same name is then somebody's own.
 */
export function earlierLaunchFiles(folder: string): readonly string[] {
  try {
    const { launch } = JSON.parse(readFileSync(join(folder, METADATA_NAME), "utf8"));
    const files: readonly unknown[] = launch.map(({ file }: { readonly file: unknown }) => file);
    return Object.values(FILE_NAMES).filter((name) => files.includes(name));
  } catch {
    return [];
  }
}
