/** Which files are the result of a conversion. */
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { Docker2vmError, isAbsence, reasonOf } from "../errors.ts";
import { absolutePath } from "../machine.ts";
import { type JsonValue, parseJson } from "../oci/json.ts";
import type { FileKind } from "./format.ts";
import type { ArtifactFile } from "./manifest.ts";

const METADATA = "meta.json";
const METADATA_LIMIT = 16 << 20;
/** Of what a profile makes beside an image, what is no part of a disk; others are taken as files. */
const KINDS: Readonly<Record<string, FileKind>> = {
  [METADATA]: "metadata",
  "bootstrap.json": "bootstrap",
  "manifest.json": "document",
};
/** What conversions call their files, beside the metadata, which is the last to take its name. */
const RESULT =
  /^(?:(?:rootfs|writable)\.[a-z0-9]+|bootstrap\.json|manifest\.json|vmlinu[xz][\w.-]*|initramfs[\w.-]*|krun-[\w.-]+|user-data|meta-data|seed\.img)$/;
const DISK = /^(?:rootfs|writable)\./;

export interface ResultFile extends ArtifactFile {
  readonly path: string;
  readonly kind: FileKind;
}

/** What `meta.json` says of what was converted. */
export interface Origin {
  readonly sourceDigest: string;
  readonly source: { readonly kind: string; readonly reference: string };
  readonly platform: string;
  readonly filesystem: string;
  /** sha256 of the disk, where it was asked for. */
  readonly rootfsDigest?: string | undefined;
  /** Hex, of the disk's tree of hashes. */
  readonly verity?: { readonly rootHash: string; readonly salt: string } | undefined;
  /** What was asked of the conversion. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Of the documents that tell of it. */
  readonly versions: Readonly<Record<string, unknown>>;
}

export interface Result {
  /** In the order in which they take their names. */
  readonly files: readonly ResultFile[];
  /** Undefined where nothing describes the image. */
  readonly origin: Origin | undefined;
  /** Names of what else is in the folder. */
  readonly leftOut: readonly string[];
}

/**
 * The result that lies in a folder, or is a file with what describes it. Throws E_IMAGE_NOT_FOUND where there is none,
 * E_USAGE for what describes none, E_IO.
 */
export async function findResult(given: string): Promise<Result> {
  const path = absolutePath(given);
  const found = await statOf(path);
  return found.isDirectory() ? inFolder(path) : ofFile(path);
}

async function inFolder(folder: string): Promise<Result> {
  const names = (await readdir(folder).catch(unreadable(folder))).sort();
  if (!names.includes(METADATA)) {
    throw new Docker2vmError("E_IMAGE_NOT_FOUND", `${folder}: there is no ${METADATA} in it`, {
      hint: "push what docker2vm convert --out DIR has made, or name one image's file",
    });
  }
  const { origin, disks, launch } = await readMetadata(join(folder, METADATA));
  const missing = [...disks, ...launch].find((name) => !names.includes(name));
  if (missing !== undefined) {
    throw new Docker2vmError(
      "E_IMAGE_NOT_FOUND",
      `${folder}: ${missing} is not there, of which ${METADATA} tells`,
      {
        hint: "convert the image once more: the folder is not whole",
      },
    );
  }
  // A disk of an earlier conversion that nothing tells of is none of the result.
  const isPart = (name: string) =>
    DISK.test(name) ? disks.includes(name) : launch.includes(name) || RESULT.test(name);
  const taken = [...names.filter(isPart), METADATA];
  const files = await Promise.all(taken.map((name) => fileAt(join(folder, name), kindOf(name))));
  return { files, origin, leftOut: names.filter((name) => !taken.includes(name)) };
}

async function ofFile(path: string): Promise<Result> {
  const image = await fileAt(path, "disk");
  const beside = `${path}.${METADATA}`;
  const metadata = await fileAt(beside, "metadata").catch((error: unknown) => {
    if (error instanceof Docker2vmError && error.code === "E_IMAGE_NOT_FOUND") return undefined;
    throw error;
  });
  if (metadata === undefined) return { files: [image], origin: undefined, leftOut: [] };
  return { files: [image, metadata], origin: (await readMetadata(beside)).origin, leftOut: [] };
}

function kindOf(name: string): FileKind {
  if (DISK.test(name)) return "disk";
  return (Object.hasOwn(KINDS, name) ? KINDS[name] : undefined) ?? "file";
}

/** The file at a path as what its name says that it is, or as what it is called. Throws as findResult does. */
export function resultFile(path: string, name: string): Promise<ResultFile> {
  return fileAt(path, kindOf(name), name);
}

async function fileAt(path: string, kind: FileKind, name = basename(path)): Promise<ResultFile> {
  const found = await statOf(path);
  if (!found.isFile()) {
    throw new Docker2vmError("E_USAGE", `${path} is no regular file`, {
      hint: "push a folder that docker2vm convert has made, or an image's file",
    });
  }
  return { name, path, size: found.size, kind, executable: (found.mode & 0o111) !== 0 };
}

async function statOf(path: string) {
  return stat(path).catch((error: unknown) => {
    if (!isAbsence(error)) throw unreadableError(path, error);
    throw new Docker2vmError("E_IMAGE_NOT_FOUND", `${path}: there is no such file or folder`, {
      hint: "docker2vm push DIR|FILE REF takes what docker2vm convert has made",
    });
  });
}

/** What a `meta.json` at a path says of what was converted. Throws E_USAGE and E_IO. */
export async function originIn(path: string): Promise<Origin> {
  return (await readMetadata(path)).origin;
}

/** What it tells of: what was converted, and the names of disks and of files that start them. */
async function readMetadata(
  path: string,
): Promise<{ origin: Origin; disks: readonly string[]; launch: readonly string[] }> {
  try {
    const value = parseJson(await readFile(path).catch(unreadable(path)), path, METADATA_LIMIT);
    const filesystem = value.field("filesystem").field("type").string();
    const writable = value.field("writableDisk");
    const disks = [
      // ext3 and ext2 are called as ext4 is.
      `rootfs.${filesystem.startsWith("ext") ? "ext4" : filesystem}`,
      ...(writable.missing ? [] : [writable.field("file").string()]),
    ];
    const launch = value
      .field("launch")
      .items()
      .map((file) => file.field("file").string());
    return { origin: originOf(value, filesystem), disks, launch };
  } catch (error) {
    if (!(error instanceof Docker2vmError) || error.code !== "E_BAD_MANIFEST") throw error;
    throw new Docker2vmError("E_USAGE", error.message, {
      hint: "it is not what docker2vm convert wrote: convert the image once more",
      cause: error,
    });
  }
}

function originOf(value: JsonValue, filesystem: string): Origin {
  const source = value.field("source");
  const platform = value.field("platform").string();
  const described = value.field("filesystem");
  const verity = described.field("verity");
  const readOnly = described.field("readOnly");
  const compression = described.field("compression");
  const options = {
    platform,
    profile: value.field("profile").optionalString(),
    mode: value.field("mode").optionalString(),
    filesystem: {
      type: filesystem,
      label: described.field("label").optionalString(),
      uuid: described.field("uuid").optionalString(),
      readOnly: readOnly.missing ? undefined : readOnly.boolean(),
      verity: !verity.missing,
      compression: compression.missing ? undefined : compressionOf(compression),
    },
  };
  return {
    sourceDigest: value.field("sourceDigest").string(),
    source: { kind: source.field("kind").string(), reference: source.field("reference").string() },
    platform,
    filesystem,
    rootfsDigest: value.field("rootfsDigest").optionalString(),
    verity: verity.missing
      ? undefined
      : { rootHash: verity.field("rootHash").string(), salt: verity.field("salt").string() },
    options,
    versions: { metadata: value.field("schemaVersion").count(), artifact: 1 },
  };
}

function compressionOf(value: JsonValue) {
  const [level, clusterSize] = [value.field("level").count(), value.field("clusterSize").count()];
  return { algorithm: value.field("algorithm").string(), level, clusterSize };
}

function unreadable(path: string): (error: unknown) => never {
  return (error) => {
    throw unreadableError(path, error);
  };
}

function unreadableError(path: string, error: unknown): Docker2vmError {
  return new Docker2vmError("E_IO", `cannot read ${path}: ${reasonOf(error)}`, { cause: error });
}
