import { Docker2vmError } from "../errors.ts";
import type { FilesystemKind, FilesystemWriter } from "../filesystem/kind/kind.ts";
import { filesystemKind } from "../filesystem/kinds.ts";
import type { InflateChoice } from "../layer/decompress.ts";
import { hostPlatform, type Platform, parsePlatform } from "../oci/platform.ts";
import { parseSourceReference } from "../source/reference.ts";
import type { SourceSpec } from "../source/source.ts";
import { Caller } from "./caller.ts";
import { type LimitsRequest, limitsRequest } from "./limits.ts";
import type { MakeSource } from "./made-source.ts";
import type { ConvertOptions } from "./options.ts";
import { type ProfileRequest, profileRequest } from "./profiles.ts";
import type { ProgressEvent } from "./progress.ts";

/** Gondolin's images bear the second by convention; nothing looks for it. */
const DEFAULT_LABEL = { baseline: "rootfs", gondolin: "gondolin-root" } as const;
const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

/** Options with every value checked and every default filled in. */
export interface Request {
  readonly source: SourceSpec;
  readonly makeSource: MakeSource | undefined;
  readonly out: string;
  readonly platform: Platform;
  readonly profile: ProfileRequest;
  readonly filesystem: FilesystemWriter;
  /** Whether a hash tree comes behind the filesystem. */
  readonly verity: boolean;
  /** Bytes, one character each. */
  readonly label: string;
  readonly uuid: Uint8Array | undefined;
  readonly sourceDateEpoch: number | undefined;
  readonly force: boolean;
  readonly digest: boolean;
  readonly limits: LimitsRequest;
  readonly inflate: InflateChoice;
  readonly workers: number | undefined;
  readonly registry: ConvertOptions["registry"];
  readonly stdin: AsyncIterable<Uint8Array> | undefined;
  readonly caller: Caller;
  /** The caller's. */
  readonly signal: AbortSignal;
  /** Tells the caller, and keeps the warnings; never throws. */
  readonly report: (event: ProgressEvent) => void;
  readonly warnings: readonly string[];
}

/** Throws E_USAGE for what no image could make right. */
export function checkOptions(options: ConvertOptions): Request {
  const { source, platform, onProgress } = options;
  const warnings: string[] = [];
  const caller = new Caller(options.signal);
  const profile = profileRequest(options);
  const kind = filesystemKind(options.fs);
  return {
    source: typeof source === "string" ? parseSourceReference(source) : source,
    makeSource: options.makeSource,
    out: options.out,
    platform: platform === undefined ? hostPlatform(process.arch) : parsePlatform(platform),
    profile,
    filesystem: kind.settle(options),
    verity: options.verity ?? false,
    label: labelBytes(options.label ?? DEFAULT_LABEL[profile.name], kind),
    uuid: options.uuid === undefined ? undefined : uuidBytes(options.uuid),
    sourceDateEpoch:
      options.sourceDateEpoch === undefined ? undefined : epochSeconds(options.sourceDateEpoch, kind),
    force: options.force ?? false,
    digest: options.digest ?? false,
    limits: limitsRequest(options.limits),
    inflate: options.inflate ?? "auto",
    workers: options.workers === undefined ? undefined : workerCount(options.workers),
    registry: options.registry,
    stdin: options.stdin,
    caller,
    signal: caller.signal,
    report: caller.listener((event) => {
      if (event.type === "warning") warnings.push(event.message);
      onProgress?.(event);
    }),
    warnings,
  };
}

function labelBytes(label: string, { name, labelBytes: most }: FilesystemKind): string {
  const bytes = Buffer.from(label, "utf8");
  if (bytes.length <= most && !label.includes("\0")) return bytes.toString("latin1");
  throw new Docker2vmError("E_USAGE", `the label ${JSON.stringify(label)} has ${bytes.length} bytes`, {
    hint: `the volume label of ${name} has at most ${most} bytes and no NUL`,
  });
}

/** The superblock needs one that is not zero: blkid and e2fsck take that for none. */
function uuidBytes(uuid: string): Uint8Array {
  const bytes = Buffer.from(uuid.replaceAll("-", ""), "hex");
  if (UUID.test(uuid) && bytes.some((byte) => byte !== 0)) return bytes;
  throw new Docker2vmError("E_USAGE", `${JSON.stringify(uuid)} is not a UUID for a filesystem`, {
    hint: "a UUID has the form 01234567-89ab-cdef-0123-456789abcdef and is not all zero",
  });
}

function epochSeconds(seconds: number, { name, latestTime }: FilesystemKind): number {
  if (seconds > latestTime) {
    const latest = new Date(latestTime * 1000).toISOString().slice(0, "YYYY-MM-DD".length);
    throw new Docker2vmError("E_USAGE", `${seconds} seconds since 1970 are later than ${name} can say`, {
      hint: `SOURCE_DATE_EPOCH and sourceDateEpoch take at most ${latestTime}, a time on ${latest}`,
    });
  }
  if (Number.isSafeInteger(seconds) && seconds >= 0) return seconds;
  throw new Docker2vmError("E_USAGE", `${seconds} is not a time in whole seconds since 1970`, {
    hint: "SOURCE_DATE_EPOCH and sourceDateEpoch take a whole number that is not negative",
  });
}

function workerCount(workers: number): number {
  if (Number.isSafeInteger(workers) && workers >= 0) return workers;
  throw new Docker2vmError("E_USAGE", `${workers} is not a number of worker threads`, {
    hint: "give 0 to do without, or leave the number to the program",
  });
}
