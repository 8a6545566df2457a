import { setImmediate } from "node:timers/promises";
import { emitExt4 } from "../ext4/emit.ts";
import type { Ext4Plan } from "../ext4/plan.ts";
import { BLOCK_SIZE } from "../output/blocks.ts";
import type { ImageFile } from "../output/image-file.ts";
import type { ImageWriter } from "../output/image-writer.ts";
import { appendVerity } from "../verity/append.ts";
import { type FilesystemIdentity, formatUuid, verityIdentity } from "./identity.ts";
import type { VerityMetadata } from "./meta.ts";
import type { Request } from "./request.ts";

/** How much is written before the event loop gets a turn: for the progress, and for a signal to come through. */
const BYTES_PER_TURN = 16 << 20;

/** Gives the file its length and writes everything around the contents. */
export async function writeFilesystem(plan: Ext4Plan, writer: ImageWriter, request: Request): Promise<void> {
  writer.image.truncate(plan.blocks * BLOCK_SIZE);
  let written = 0;
  let turn = 0;
  for (const { position, bytes, isZero } of emitExt4(plan)) {
    await (isZero ? writer.zero(position, bytes.length) : writer.write(position, bytes));
    written += bytes.length;
    if (written - turn < BYTES_PER_TURN) continue;
    turn = written;
    request.report({ type: "filesystem", written });
    await setImmediate();
    request.signal?.throwIfAborted();
  }
  await writer.settle();
  request.report({ type: "filesystem", written });
}

/** Hashes the finished filesystem and puts the tree of hashes behind it, if that was asked for. */
export async function writeVerity(
  plan: Ext4Plan,
  file: ImageFile,
  identity: FilesystemIdentity,
  { filesystem, signal }: Request,
): Promise<VerityMetadata | undefined> {
  if (!filesystem.verity) return undefined;
  const { uuid, salt } = verityIdentity(identity);
  const { rootHash, hashOffset } = await appendVerity(file, plan.blocks * BLOCK_SIZE, { uuid, salt, signal });
  return { rootHash, hashOffset, uuid: formatUuid(uuid), salt: Buffer.from(salt).toString("hex") };
}
