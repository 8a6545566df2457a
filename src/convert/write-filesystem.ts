import { setImmediate } from "node:timers/promises";
import { emitExt4 } from "../ext4/emit.ts";
import type { Ext4Plan } from "../ext4/plan.ts";
import { BLOCK_SIZE } from "../output/blocks.ts";
import type { ImageFile } from "../output/image-file.ts";
import type { Request } from "./request.ts";

/** How much is written before the event loop gets a turn: for the progress, and for a signal to come through. */
const BYTES_PER_TURN = 16 << 20;

/** Writes everything around the contents, gives the file its length and has it on disk. */
export async function writeFilesystem(plan: Ext4Plan, file: ImageFile, request: Request): Promise<void> {
  let written = 0;
  let turn = 0;
  for (const { position, bytes } of emitExt4(plan)) {
    file.write(position, bytes);
    written += bytes.length;
    if (written - turn < BYTES_PER_TURN) continue;
    turn = written;
    request.report({ type: "filesystem", written });
    await setImmediate();
    request.signal?.throwIfAborted();
  }
  request.report({ type: "filesystem", written });
  await file.finish(plan.blocks * BLOCK_SIZE);
}
