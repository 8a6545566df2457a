import type { ConvertResult } from "../convert/convert.ts";
import type {
  FilesystemMetadata,
  ImageMetadata,
  RuntimeMetadata,
  WritableDiskMetadata,
} from "../convert/meta.ts";
import type { ReusedFrom } from "../convert/progress.ts";
import type { Sizing } from "../filesystem/kind/size.ts";
import { formatBytes, formatSum } from "./bytes.ts";
import { printable, shellWord } from "./printable.ts";

/** The result for a reader: what was made of what, how large it is, how it wants to be run. */
export function summaryText({ rootfsPath, metadataPath, metadata, ...result }: ConvertResult): string {
  const { filesystem, source } = metadata;
  const made = [metadata.platform, ...layersText(metadata.layers.length)].join(", ");
  const rows: [name: string, value: string][] = [
    ["Image", `${source.reference} (${made})`],
    ["Digest", metadata.sourceDigest],
    ["Rootfs", rootfsPath],
    ...(result.reused === undefined ? [] : [["Reused", REUSED[result.reused]] as [string, string]]),
    ["Size", sizeText(filesystem, result)],
    ["On disk", onDiskText(result)],
    [
      // An abbreviation that is no word is one of capitals.
      filesystem.type === "xfs" ? "XFS" : filesystem.type.replace("e", "E"),
      `${filesystem.inodes} inodes, ${filesystem.blocks} blocks of ${filesystem.blockSize} bytes, ` +
        `label ${filesystem.label}, UUID ${filesystem.uuid}`,
    ],
    ...(filesystem.verity === undefined
      ? []
      : [["Verity", verityText(filesystem.verity)] as [string, string]]),
    ...(metadata.rootfsDigest === undefined ? [] : [["SHA-256", metadata.rootfsDigest] as [string, string]]),
    ...(metadata.writableDisk === undefined
      ? []
      : [["Writable", diskText(metadata.writableDisk, result)] as [string, string]]),
    ...result.assetPaths.map((path) => ["Asset", path] as [string, string]),
    ["Runs", workload(runtimeOf(metadata))],
    ...(metadataPath === undefined ? [] : [["Metadata", metadataPath] as [string, string]]),
  ];
  return rows.map(([name, value]) => `${name.padEnd(10)}${printable(value)}\n`).join("");
}

const REUSED = {
  "result-cache": "an earlier result, from the cache",
  "remote-cache": "an earlier result, from the registry",
} as const;

function onDiskText({
  apparentBytes,
  allocatedBytes,
}: Pick<ConvertResult, "apparentBytes" | "allocatedBytes">): string {
  const sparse = allocatedBytes < apparentBytes;
  return `${formatBytes(allocatedBytes)}: ${sparse ? "the file is sparse, what is only zeros takes no room" : "the file has no holes"}`;
}

/** A root filesystem that is no container image has none. */
function layersText(count: number): string[] {
  if (count === 0) return [];
  return [count === 1 ? "1 layer" : `${count} layers`];
}

/** What the file's length is made up of, and how it came about. */
function sizeText(
  { blocks, freeBlocks, blockSize }: FilesystemMetadata,
  { apparentBytes, sizing }: Pick<ConvertResult, "apparentBytes" | "sizing">,
): string {
  const hashTree = apparentBytes - blocks * blockSize;
  // Rounding is left to what is used: free space is also what `inspect` tells.
  const parts = [freeBlocks * blockSize, hashTree, (blocks - freeBlocks) * blockSize];
  const [whole, free, tree, used] = formatSum(parts);
  const wholeNote =
    sizing.kind === "auto" ? "" : ` (${sizing.kind === "fixed" ? "as asked for" : "the least possible"})`;
  const treeText = hashTree > 0 ? ` + ${tree} hash tree` : "";
  return `${whole}${wholeNote} = ${used} used by the files and the filesystem itself${treeText} + ${free} free${freeNote(sizing)}`;
}

function freeNote(sizing: Sizing): string {
  if (sizing.kind !== "auto") return "";
  return sizing.free === "default"
    ? " (a quarter of what is used, at least 64 MiB)"
    : ` (at least the ${formatBytes(sizing.free)} asked for)`;
}

function diskText(
  { type, blocks, blockSize, uuid }: WritableDiskMetadata,
  { writableDiskPath = "" }: Pick<ConvertResult, "writableDiskPath">,
): string {
  return `${writableDiskPath}, ${formatBytes(blocks * blockSize)}, ${type}, empty, UUID ${uuid}`;
}

/** What veritysetup and a kernel's command line need. */
function verityText({ rootHash, hashOffset }: NonNullable<FilesystemMetadata["verity"]>): string {
  return `root hash ${rootHash}, hash offset ${hashOffset}`;
}

/** The result for a program. */
export interface ConversionSummary {
  /** The image's file: an absolute path, as all of them. */
  readonly rootfs: string;
  /** Null where none was written. */
  readonly metadata: string | null;
  readonly writableDisk?: string;
  /** What was made beside them. */
  readonly assets: readonly string[];
  /** Bytes of the image. */
  readonly apparentBytes: number;
  /** Bytes of the image as the disk counts them. */
  readonly allocatedBytes: number;
  readonly sizing: Sizing;
  /** Where an earlier result was taken from. */
  readonly reused?: ReusedFrom;
  readonly warnings: readonly string[];
  /** What `meta.json` holds. */
  readonly meta: ImageMetadata;
}

/** The result for a program: one JSON document. */
export function summaryJson(result: ConvertResult): string {
  const document: ConversionSummary = {
    rootfs: result.rootfsPath,
    metadata: result.metadataPath ?? null,
    ...(result.writableDiskPath === undefined ? {} : { writableDisk: result.writableDiskPath }),
    assets: result.assetPaths,
    apparentBytes: result.apparentBytes,
    allocatedBytes: result.allocatedBytes,
    sizing: result.sizing,
    ...(result.reused === undefined ? {} : { reused: result.reused }),
    warnings: result.warnings,
    meta: result.metadata,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** The image's, or what whoever converted wanted instead. */
function runtimeOf({ runtime, injection }: ImageMetadata): RuntimeMetadata {
  const bootstrap = injection?.bootstrap;
  return bootstrap === undefined ? runtime : { ...runtime, ...bootstrap, user: bootstrap.docker2vm.user };
}

/** "/docker-entrypoint.sh nginx as user 101 in /srv, ports 80/tcp" */
export function workload(runtime: RuntimeMetadata): string {
  const command = [...runtime.entrypoint, ...runtime.cmd];
  if (command.length === 0) return "nothing: the image names no command";
  const parts = [command.map(shellWord).join(" ")];
  parts.push(`as ${runtime.user === "" ? "root" : runtime.user}`);
  parts.push(`in ${runtime.workdir === "" ? "/" : runtime.workdir}`);
  const ports = runtime.exposedPorts.length === 0 ? "" : `, ports ${runtime.exposedPorts.join(" ")}`;
  return parts.join(" ") + ports;
}
