/**
 * Growing so that the old filesystem is there or the new one, wherever a process is killed or a machine loses its power:
 * what the old one sees is written last, within moments, after it was noted what was there; the superblock, by which
 * either is what it is, is the last of that.
 */
import { Docker2vmError } from "../errors.ts";
import { SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE } from "../filesystem/ext4/format/superblock.ts";
import { decodeSuperblock, type Superblock } from "../filesystem/ext4/read/superblock.ts";
import { Volume } from "../filesystem/ext4/read/volume.ts";
import { backupsOf, type Growth, type Write } from "../filesystem/ext4/resize/grow.ts";
import type { ImageReader } from "../filesystem/reading/image.ts";
import { inTurns, itemsInTurns } from "../waiting/steps.ts";
import type { ResizeDisk } from "./image-disk.ts";
import { decodeRecord, encodeRecord, type ResizeRecord, type Subject, type Within } from "./record.ts";
import { hasVerityAt } from "./tail.ts";

/** What a disk writes at once: of the superblock's bytes, those of one are there together. */
const SECTOR = 512;

/**
 * Writes a growth. What is past the old end of the file must be zeros. After an error the old filesystem is there; if the
 * image cannot be written to for that either, `settle` sees to it the next time.
 */
export async function apply(
  growth: Growth,
  disk: ResizeDisk,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { before, after } = growth;
  const end = before.blocks * before.blockSize;
  const newEnd = after.blocks * after.blockSize;
  const subject = { end, length: disk.length(), uuid: uuidOf(before) };
  let record: ResizeRecord = { kind: "beyond", ...subject };
  await disk.note(encodeRecord(record));
  try {
    if (record.length < newEnd) disk.truncate(newEnd);
    for await (const write of itemsInTurns(growth.beyond(), signal)) put(disk, write);
    await disk.sync();
    signal?.throwIfAborted();
    record = await undoOf(growth, disk, subject);
    await disk.note(encodeRecord(record));
    for (const write of growth.within.slice(0, -1)) put(disk, write);
    await disk.sync();
    for (const write of growth.within.slice(-1)) put(disk, write);
    await disk.sync();
  } catch (error) {
    await takeBack(record, disk).catch(() => undefined);
    throw error;
  }
  for await (const write of itemsInTurns(growth.copies(), undefined)) put(disk, write);
  await disk.sync();
  await disk.forget();
}

/** What is where the growth will write. */
async function undoOf({ within, after }: Growth, disk: ResizeDisk, subject: Subject): Promise<Within> {
  const old = await disk.reading(async (image) =>
    within.map(({ position, bytes }) => ({ position, bytes: image.read(position, bytes.length) })),
  );
  const newEnd = after.blocks * after.blockSize;
  return { kind: "within", ...subject, newEnd, before: old, superblock: after.bytes };
}

/**
 * Sees to what a killed growth has left, if one has: the old filesystem is there then, or the new one with its backups.
 * Throws E_INVALID_FILESYSTEM if somebody has written to it since in a state that was neither.
 */
export async function settle(disk: ResizeDisk, signal: AbortSignal | undefined): Promise<void> {
  const noted = disk.recalled();
  if (noted === undefined) return;
  const record = decodeRecord(noted);
  // What is no whole record is none of ours: a record takes its name when all of it is on the disk.
  if (record === undefined) {
    throw new Docker2vmError("E_INVALID_FILESYSTEM", "the note of an earlier resize, beside it, is damaged", {
      hint: "'e2fsck -f' says whether the filesystem is sound; then remove the note, which ends in .resize-undo",
    });
  }
  const now = await disk.reading(async (image) => image.read(SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE));
  const found = await disk.reading(async (image) => stateOf(image, now));
  // Made anew in the meantime it may have the same superblock; a tree of hashes no growth has left behind it.
  const isAnother = found !== undefined && (found.uuid !== record.uuid || found.hasVerity);
  if (isAnother) await disk.forget();
  else if (record.kind === "beyond") {
    await (found?.end === record.end ? takeBack(record, disk) : disk.forget());
  } else if (isSame(now, record.superblock)) {
    await refreshBackups(disk, signal);
    await disk.forget();
  } else if (isBetween(now, record)) {
    await takeBack(record, disk);
  } else if (found?.end === record.newEnd) {
    await disk.forget();
  } else {
    throw new Docker2vmError(
      "E_INVALID_FILESYSTEM",
      "an earlier resize was killed while it changed the filesystem, and that has been written to since",
      { hint: "run 'e2fsck -f' on it, then remove the note beside it, which ends in .resize-undo" },
    );
  }
}

/** What the image is now; undefined where its superblock is none. */
function stateOf(image: ImageReader, bytes: Uint8Array) {
  try {
    const superblock = decodeSuperblock(bytes);
    const end = superblock.blocks * superblock.blockSize;
    return { uuid: uuidOf(superblock), end, hasVerity: hasVerityAt(image, end) };
  } catch (error) {
    if (error instanceof Docker2vmError) return undefined;
    throw error;
  }
}

function uuidOf({ fields }: Superblock): string {
  return Buffer.from(fields.s_uuid).toString("hex");
}

/** Whether each part of the superblock that a disk writes at once is the old one or the new one. */
function isBetween(now: Uint8Array, { before, superblock }: Within): boolean {
  const old = before.at(-1)?.bytes;
  if (old === undefined) return false;
  for (let at = 0; at < now.length; at += SECTOR) {
    const part = now.subarray(at, at + SECTOR);
    const isKnown = [old, superblock].some((whole) => isSame(part, whole.subarray(at, at + SECTOR)));
    if (!isKnown) return false;
  }
  return true;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/**
 * The old filesystem in a file of its old length. Its superblock comes first: were this one killed as well, the new one
 * beside old descriptors would be taken for a growth that had come to its end.
 */
async function takeBack(record: ResizeRecord, disk: ResizeDisk): Promise<void> {
  if (record.kind === "within") {
    for (const write of record.before.slice(-1)) put(disk, write);
    await disk.sync();
    for (const write of record.before.slice(0, -1)) put(disk, write);
  }
  await disk.sync();
  disk.truncate(record.end);
  disk.truncate(record.length);
  await disk.sync();
  await disk.forget();
}

async function refreshBackups(disk: ResizeDisk, signal: AbortSignal | undefined): Promise<void> {
  await disk.reading(async (image) => {
    for (const write of await inTurns(backupsOf(new Volume(image)), signal)) put(disk, write);
  });
  await disk.sync();
}

function put(disk: ResizeDisk, { position, bytes }: Write): void {
  disk.write(position, bytes);
}
