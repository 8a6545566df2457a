/** What is noted beside an image while it is changed, so that a killed run can be taken back or brought to its end. */
import { createHash } from "node:crypto";
import type { Write } from "../filesystem/ext4/resize/grow.ts";

/** "beyond": nothing that the old filesystem sees has been written yet. "within": all of it may have been, or a part. */
export type ResizeRecord = Beyond | Within;

export interface Subject {
  /** Byte at which the old filesystem ends. */
  readonly end: number;
  /** Bytes of the file before; what it has past the end is zeros. */
  readonly length: number;
  /** Of the filesystem, hexadecimal: another image may have taken the place of this one. */
  readonly uuid: string;
}

export interface Beyond extends Subject {
  readonly kind: "beyond";
}

export interface Within extends Subject {
  readonly kind: "within";
  /** Byte at which the new filesystem ends. */
  readonly newEnd: number;
  /** What was where the new filesystem's parts come; the superblock is the last. */
  readonly before: readonly Write[];
  readonly superblock: Uint8Array;
}

const MAGIC = "docker2vm resize 1";
const HEAD_LINES = 3;

/** A line that says what it is, one with the checksum of all that follows, one of JSON, and bytes. */
export function encodeRecord(record: ResizeRecord): Uint8Array {
  const { kind, end, length, uuid } = record;
  const parts =
    record.kind === "beyond" ? [] : [...record.before.map(({ bytes }) => bytes), record.superblock];
  const more =
    record.kind === "beyond"
      ? {}
      : {
          newEnd: record.newEnd,
          before: record.before.map(({ position, bytes }) => ({ position, length: bytes.length })),
          superblock: record.superblock.length,
        };
  const facts = Buffer.from(`${JSON.stringify({ kind, end, length, uuid, ...more })}\n`);
  const body = Buffer.concat([facts, ...parts]);
  return Buffer.concat([Buffer.from(`${MAGIC}\n${digest(body)}\n`), body]);
}

/** Undefined for what is no such record, or not whole. */
export function decodeRecord(bytes: Uint8Array): ResizeRecord | undefined {
  const buffer = Buffer.from(bytes);
  const [magic, checksum, facts] = buffer.toString("latin1").split("\n", HEAD_LINES);
  if (magic !== MAGIC || checksum === undefined || facts === undefined) return undefined;
  const body = buffer.subarray(magic.length + checksum.length + 2);
  if (digest(body) !== checksum) return undefined;
  const { kind, end, length, uuid, newEnd, before, superblock } = JSON.parse(facts) as Facts;
  if (kind === "beyond") return { kind, end, length, uuid };
  let at = facts.length + 1;
  const take = (count: number): Uint8Array => {
    at += count;
    return new Uint8Array(body.subarray(at - count, at));
  };
  const places = before.map((place) => ({ position: place.position, bytes: take(place.length) }));
  return { kind, end, length, uuid, newEnd, before: places, superblock: take(superblock) };
}

interface Facts extends Subject {
  readonly kind: "beyond" | "within";
  readonly newEnd: number;
  readonly before: readonly { readonly position: number; readonly length: number }[];
  readonly superblock: number;
}

function digest(body: Uint8Array): string {
  return createHash("sha256").update(body).digest("hex");
}
