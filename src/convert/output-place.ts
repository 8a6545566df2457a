import { basename, dirname } from "node:path";
import { Docker2vmError } from "../errors.ts";
import { IMAGE_NAMES } from "../filesystem/kinds.ts";
import { absolutePath } from "../machine.ts";
import { HIDDEN } from "../output/commit.ts";
import { METADATA_NAME } from "./meta.ts";
import type { OutputFile } from "./options.ts";

/** Where the files of a conversion go: a folder with all of them, or one file for the image alone. */
export interface OutputPlace {
  /** Absolute. */
  readonly folder: string;
  readonly file: { readonly name: string; readonly described: boolean } | undefined;
}

/** What the files of a conversion are called in their folder. */
export interface OutputNames {
  readonly image: string;
  readonly assets: readonly string[];
  /** What describes the image, if anything does. */
  readonly metadata: string | undefined;
  /** All of them; the last to come is the last. */
  readonly all: readonly string[];
  /** Of files that stand for an earlier image: with the new one they go. */
  readonly leaving: readonly string[];
}

/** Throws E_USAGE for what can be no file's name. */
export function outputPlace(out: string | OutputFile): OutputPlace {
  if (typeof out === "string") return { folder: absolutePath(out), file: undefined };
  if (typeof out?.file !== "string") {
    throw new Docker2vmError("E_USAGE", "no output given", {
      hint: 'out: "vm" is a folder, { file } a file',
    });
  }
  const path = absolutePath(out.file);
  const name = basename(path);
  if (/[/\\]\.{0,2}$/.test(`/${out.file}`) || name === "" || name.startsWith(HIDDEN)) {
    throw new Docker2vmError("E_USAGE", `${JSON.stringify(out.file)} is no name for an image's file`, {
      hint: "name a file, such as vm/root.img; into a folder rootfs.ext4 and meta.json go with --out",
    });
  }
  return { folder: dirname(path), file: { name, described: out.metadata ?? false } };
}

/** @param fileName what the kind of filesystem calls its image, `outputs` what the profile makes beside it */
export function outputNames(
  { file }: OutputPlace,
  fileName: string,
  outputs: readonly string[],
): OutputNames {
  if (file === undefined) {
    const leaving = IMAGE_NAMES.filter((name) => name !== fileName);
    return namesOf({ image: fileName, assets: outputs, metadata: METADATA_NAME, leaving });
  }
  const beside = `${file.name}.${METADATA_NAME}`;
  const described = file.described
    ? { metadata: beside, leaving: [] }
    : { metadata: undefined, leaving: [beside] };
  return namesOf({ image: file.name, assets: [], ...described });
}

function namesOf(names: Omit<OutputNames, "all">): OutputNames {
  const { image, assets, metadata } = names;
  return { ...names, all: [image, ...assets, ...(metadata === undefined ? [] : [metadata])] };
}
