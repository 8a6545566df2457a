/** The chunks of inodes. */
import { INODE_SIZE, INODES_PER_CHUNK } from "../format/inode.ts";
import type { BlockJob } from "./block-jobs.ts";
import { directoryContext } from "./emit-tree.ts";
import { CHUNK_BLOCKS, INODES_PER_BLOCK } from "./geometry.ts";
import { encodeFreeInode, encodeInode, encodeOwnInode, InodeRoom } from "./inode-encoding.ts";
import { slotNumber } from "./numbering.ts";
import type { XfsPlan } from "./plan.ts";
import { OWN_INODES } from "./planned-inode.ts";

export function* chunkJobs(plan: XfsPlan): Generator<BlockJob> {
  const room = new InodeRoom(plan.options.uuid);
  for (const [chunk, start] of plan.placement.chunks.entries()) {
    for (let i = 0; i < CHUNK_BLOCKS; i++) {
      const firstSlot = chunk * INODES_PER_CHUNK + i * INODES_PER_BLOCK;
      yield { block: start + i, encode: (bytes) => encodeBlock(plan, firstSlot, bytes, room) };
    }
  }
}

function encodeBlock(plan: XfsPlan, firstSlot: number, bytes: Uint8Array, room: InodeRoom): void {
  for (let i = 0; i < INODES_PER_BLOCK; i++) {
    room.clear(slotNumber(plan.placement.chunks, firstSlot + i));
    encodeSlot(plan, firstSlot + i, room);
    bytes.set(room.bytes, i * INODE_SIZE);
  }
}

function encodeSlot(plan: XfsPlan, slot: number, room: InodeRoom): void {
  const { namespace, placement, options } = plan;
  if (slot > 0 && slot <= OWN_INODES) {
    encodeOwnInode({ isBitmap: slot === 1, time: options.time }, room);
    return;
  }
  const index = slot === 0 ? 0 : slot - OWN_INODES;
  const planned = namespace.at(index);
  if (planned === undefined) {
    encodeFreeInode(room);
    return;
  }
  const places = { forks: placement.forks.get(index), extents: namespace.passingExtents(index) };
  encodeInode(planned, places, directoryContext(plan, planned, room.owner), room);
}
