import { createHash } from "node:crypto";
import type { Injection } from "../profile/profile.ts";
import type { ResolvedImage } from "../source/source.ts";
import type { Timestamp } from "../tree/inode.ts";
import type { Request } from "./request.ts";

/** What tells one filesystem from another, and when it says it was made: derived, so that it can be made again. */
export interface FilesystemIdentity {
  readonly uuid: Uint8Array;
  readonly hashSeed: Uint8Array;
  readonly time: Timestamp;
}

export function filesystemIdentity(
  image: ResolvedImage,
  request: Request,
  injection: Injection | undefined,
): FilesystemIdentity {
  const time = filesystemTime(image, request);
  const uuid = request.uuid ?? derivedUuid(image, request, injection, time);
  // From the UUID alone: one image under different manifests is one filesystem once its UUID is given.
  return { uuid, hashSeed: hash("directory hash seed", formatUuid(uuid)), time };
}

/** When the filesystem, and whatever in it has no time of its own, was made. */
export function filesystemTime(image: ResolvedImage, request: Request): Timestamp {
  return { seconds: request.sourceDateEpoch ?? createdSeconds(image.config.created), nanoseconds: 0 };
}

/** In the usual form, lower case. */
export function formatUuid(uuid: Uint8Array): string {
  const hex = Buffer.from(uuid).toString("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** A version 8 UUID (RFC 9562, 5.8) of everything that may tell two filesystems apart. */
function derivedUuid(
  image: ResolvedImage,
  request: Request,
  injection: Injection | undefined,
  time: Timestamp,
): Uint8Array {
  const { profile, label, filesystem } = request;
  const added = injection === undefined ? [] : [injection.digest];
  const facts = [image.manifestDigest, profile.name, label, time.seconds, filesystem, ...added];
  const uuid = hash("filesystem uuid", JSON.stringify(facts));
  uuid[6] = ((uuid[6] ?? 0) & 0x0f) | 0x80;
  uuid[8] = ((uuid[8] ?? 0) & 0x3f) | 0x80;
  return uuid;
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

/** The config's `created` (RFC 3339) in whole seconds; 0 where there is none or it is no time after 1970. */
function createdSeconds(created: string | undefined): number {
  const milliseconds = created === undefined ? Number.NaN : Date.parse(created);
  return milliseconds > 0 ? Math.floor(milliseconds / 1000) : 0;
}
