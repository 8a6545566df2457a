import { basename, dirname } from "node:path";
import { Docker2vmError } from "../errors.ts";
import { IMAGE_NAMES } from "../filesystem/kinds.ts";
import { absolutePath } from "../machine.ts";
import { HIDDEN } from "../output/commit.ts";
import { METADATA_NAME } from "./meta.ts";
import type { OutputFile } from "./options.ts";
import { WRITABLE_NAMES } from "./writable-disk-request.ts";

/** Where the files of a conversion go: a folder with all of them, or one file for the image alone. */
export interface OutputPlace {
  /** Absolute. */
  readonly folder: string;
  readonly file: { readonly name: string; readonly described: boolean } | undefined;
}

/** What the files of a conversion are called in their folder. */
export interface OutputNames {
  readonly image: string;
  /** An empty disk beside it, if there is one. */
  readonly writableDisk: string | undefined;
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
      hint: "name a file in a folder, such as vm/root.img",
    });
  }
  return { folder: dirname(path), file: { name, described: out.metadata ?? false } };
}

/** What is to get a name. */
interface ToBeNamed {
  readonly place: OutputPlace;
  readonly filesystem: { readonly fileName: string };
  readonly writableDisk: { readonly fileName: string } | undefined;
}

/** @param outputs what the profile makes beside the image */
export function outputNames(
  { place: { file }, filesystem, writableDisk }: ToBeNamed,
  outputs: readonly string[],
): OutputNames {
  if (file === undefined) return namesInFolder(filesystem.fileName, writableDisk?.fileName, outputs);
  const beside = `${file.name}.${METADATA_NAME}`;
  return withAll({
    image: file.name,
    writableDisk: undefined,
    assets: [],
    metadata: file.described ? beside : undefined,
    leaving: file.described ? [] : [beside],
  });
}

function namesInFolder(
  image: string,
  writableDisk: string | undefined,
  assets: readonly string[],
): OutputNames {
  // A writable disk that none takes the place of stays: it may hold what a guest has changed.
  const others = [...IMAGE_NAMES, ...(writableDisk === undefined ? [] : WRITABLE_NAMES)];
  const leaving = others.filter((name) => name !== image && name !== writableDisk);
  return withAll({ image, writableDisk, assets, metadata: METADATA_NAME, leaving });
}

function withAll(names: Omit<OutputNames, "all">): OutputNames {
  const { image, writableDisk, assets, metadata } = names;
  const all = [image, writableDisk, ...assets, metadata].filter((name) => name !== undefined);
  return { ...names, all };
}
