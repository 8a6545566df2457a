/** An empty disk beside the image, for what a guest changes: the upper layer of an overlay over a root that stays. */
import { Docker2vmError, reasonOf } from "../errors.ts";
import type { FilesystemIdentity, FilesystemPlan } from "../filesystem/kind/kind.ts";
import type { ImageStore } from "../output/image-store.ts";
import { ImageWriter } from "../output/image-writer.ts";
import { impliedDirectory } from "../tree/inode.ts";
import { inTurns } from "../waiting/steps.ts";
import { describeFilesystem } from "./describe.ts";
import { filesystemTime, type IdentifiedImage, writableDiskIdentity } from "./identity.ts";
import type { WritableDiskMetadata } from "./meta.ts";
import type { Conversion } from "./request.ts";
import type { WritableDiskRequest } from "./writable-disk-request.ts";
import { fillHoles, writeFilesystem } from "./write-filesystem.ts";

const LABEL = "writable";

/** A writable disk that is settled down to the last block. */
export interface PlannedDisk {
  readonly metadata: WritableDiskMetadata;
  readonly plan: FilesystemPlan;
}

/** Settles it: nothing of it depends on layers. Throws E_SIZE_TOO_SMALL and E_FILESYSTEM_LIMIT. */
export async function planWritableDisk(
  disk: WritableDiskRequest,
  image: IdentifiedImage,
  request: Conversion,
): Promise<PlannedDisk> {
  // What cannot be read of the time is told where the image itself needs it.
  const time = filesystemTime(image, { ...request, report: () => undefined });
  const identity = writableDiskIdentity(image, time, request, { ...disk.filesystem, label: LABEL });
  const plan = await emptyPlan(disk, identity, request.signal);
  const described = describeFilesystem(identity, disk, plan, undefined);
  return { metadata: { file: disk.fileName, ...described }, plan };
}

async function emptyPlan(
  { filesystem }: WritableDiskRequest,
  identity: FilesystemIdentity,
  signal: AbortSignal,
): Promise<FilesystemPlan> {
  const { time } = identity;
  const root = impliedDirectory();
  root.metadata = { ...root.metadata, mtime: time, atime: time, ctime: time };
  try {
    const prepared = await filesystem.prepare(0);
    return await inTurns(prepared.plan(root, { end: 0, written: [] }, identity), signal);
  } catch (error) {
    if (!(error instanceof Docker2vmError) || error.code !== "E_SIZE_TOO_SMALL") throw error;
    throw new Docker2vmError(error.code, `the writable disk is too small: ${reasonOf(error)}`, {
      hint: "ask for a larger one: --writable-disk 64M",
      cause: error,
    });
  }
}

/** Writes it, and closes the store at the end, whatever that is. */
export async function writeWritableDisk(
  { plan }: PlannedDisk,
  store: ImageStore,
  { signal, dense }: Conversion,
): Promise<void> {
  const writer = new ImageWriter(store);
  // The progress is the image's.
  const turns = { signal, report: () => undefined };
  try {
    const written = await writeFilesystem(plan, writer, turns);
    if (dense) await fillHoles(writer, written, turns);
    await store.sync();
  } finally {
    await writer.close();
  }
}
