import { createHash } from "node:crypto";
import { Docker2vmError } from "../errors.ts";
import type { FilesystemIdentity, FilesystemWriter } from "../filesystem/kind/kind.ts";
import { filesystemKind } from "../filesystem/kinds.ts";
import { quote } from "../oci/quote.ts";
import { timeSeconds } from "../oci/time.ts";
import type { Injection } from "../profile/profile.ts";
import type { FilesystemNames, ResolvedImage } from "../source/source.ts";
import type { Timestamp } from "../tree/inode.ts";
import type { Conversion } from "./request.ts";

/** Another one changes every UUID that is not given: only where the facts below come to mean something else. */
const UUID_VERSION = 1;

/** What of an image its filesystem's identity follows from. */
export type IdentifiedImage = Pick<ResolvedImage, "manifestDigest" | "config" | "names">;

/** What there is in a filesystem beside the image's own files, each thing by its digest. */
export interface AddedContents {
  readonly injection?: Pick<Injection, "digest"> | undefined;
  readonly edited?: { readonly digest: string } | undefined;
}

/** @param time as `filesystemTime` tells it */
export function filesystemIdentity(
  image: IdentifiedImage,
  time: Timestamp,
  request: Conversion,
  added: AddedContents,
): FilesystemIdentity {
  const uuid = request.uuid ?? image.names?.uuid ?? imageUuid(image, time, request, added);
  return { uuid, hashSeed: hashSeedOf(uuid), label: labelOf(image, request), time };
}

/**
 * Of an empty disk beside the image. Its UUID follows from that of the image before edits and a profile have changed
 * anything, so that the disk need not wait for the layers.
 */
export function writableDiskIdentity(
  image: IdentifiedImage,
  time: Timestamp,
  request: Conversion,
  { label, facts }: Pick<FilesystemWriter, "facts"> & Pick<FilesystemIdentity, "label">,
): FilesystemIdentity {
  const beside = formatUuid(request.uuid ?? image.names?.uuid ?? imageUuid(image, time, request, {}));
  const uuid = derivedUuid("writable disk uuid", { beside, ...facts });
  return { uuid, hashSeed: hashSeedOf(uuid), label, time };
}

/** From the UUID alone: one image under different manifests is one filesystem once its UUID is given. */
function hashSeedOf(uuid: Uint8Array): Uint8Array {
  return hash("directory hash seed", formatUuid(uuid));
}

const DEFAULT_LABEL = "rootfs";
/** Gondolin's images bear it by convention; nothing looks for it. */
const GONDOLIN_LABEL = "gondolin-root";

/** The volume label: that of the filesystem that is made anew, unless there is another one. Throws E_USAGE if it is too long. */
export function labelOf(
  { names }: { readonly names?: FilesystemNames | undefined },
  { label, profile, filesystem }: Pick<Conversion, "label" | "profile" | "filesystem">,
): string {
  const settled = label ?? names?.label ?? (profile.name === "gondolin" ? GONDOLIN_LABEL : DEFAULT_LABEL);
  const { labelBytes } = filesystemKind(filesystem.name);
  if (settled.length <= labelBytes) return settled;
  throw new Docker2vmError(
    "E_USAGE",
    `the label that is kept, ${quote(Buffer.from(settled, "latin1").toString("utf8"))}, has ${settled.length} bytes`,
    { hint: `${filesystem.name} has room for ${labelBytes}: give another one with --label` },
  );
}

/**
 * When the filesystem, and whatever in it has no time of its own, was made: as asked for, else the config's `created`;
 * 1970 where that is none or earlier. Reports a warning where it cannot be read.
 */
export function filesystemTime(
  { config }: IdentifiedImage,
  { sourceDateEpoch, report }: Conversion,
): Timestamp {
  const { created = "" } = config;
  const seconds = sourceDateEpoch ?? (created === "" ? 0 : timeSeconds(created));
  if (seconds === undefined) {
    const message = `the config's "created" is ${quote(created)}, which is no time as RFC 3339 has it: it counts as none`;
    report({ type: "warning", message });
  }
  return { seconds: Math.max(seconds ?? 0, 0), nanoseconds: 0 };
}

/** In the usual form, lower case. */
export function formatUuid(uuid: Uint8Array): string {
  const hex = Buffer.from(uuid).toString("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/**
 * Of everything that may tell two filesystems apart, each thing by its name and none that is as it is by default: so an
 * option that is new changes the UUID of nobody who does not use it.
 */
function imageUuid(
  image: IdentifiedImage,
  time: Timestamp,
  request: Conversion,
  { injection, edited }: AddedContents,
): Uint8Array {
  const { profile, filesystem, verity } = request;
  return derivedUuid("filesystem uuid", {
    image: image.manifestDigest,
    profile: unless(profile.name, "baseline"),
    added: injection?.digest,
    edits: edited?.digest,
    label: unless(labelOf(image, request), "rootfs"),
    time: unless(time.seconds, 0),
    ...filesystem.facts,
    verity: unless(verity, false),
  });
}

/** A version 8 UUID (RFC 9562, 5.8) of facts. */
function derivedUuid(purpose: string, facts: Readonly<Record<string, unknown>>): Uint8Array {
  const named = Object.entries(facts).filter(([, value]) => value !== undefined);
  const lines = named.map(([name, value]) => `${name}=${JSON.stringify(value)}`).sort();
  const uuid = hash(`${purpose} ${UUID_VERSION}`, lines.join("\n"));
  uuid[6] = ((uuid[6] ?? 0) & 0x0f) | 0x80;
  uuid[8] = ((uuid[8] ?? 0) & 0x3f) | 0x80;
  return uuid;
}

function unless<T>(value: T, usual: T): T | undefined {
  return value === usual ? undefined : value;
}

/** The name of a filesystem's hash tree, and the salt of its hashes: from the UUID alone, as the hash seed is. */
export function verityIdentity({ uuid }: FilesystemIdentity): {
  readonly uuid: Uint8Array;
  readonly salt: Uint8Array;
} {
  const name = formatUuid(uuid);
  return { uuid: hash("verity uuid", name), salt: digest("verity salt", name) };
}

function hash(purpose: string, text: string): Uint8Array {
  return digest(purpose, text).subarray(0, 16);
}

function digest(purpose: string, text: string): Uint8Array {
  return createHash("sha256").update(`docker2vm ${purpose}\n${text}`).digest();
}
