/** What a file has behind its filesystem. */
import { Docker2vmError } from "../errors.ts";
import type { ImageReader } from "../filesystem/reading/image.ts";
import { isHashTree, SUPERBLOCK_BYTES } from "../verity/superblock.ts";
import type { Steps } from "../waiting/steps.ts";

const PIECE = 1 << 20;
const ZEROS = Buffer.alloc(PIECE);

/** Throws E_UNSUPPORTED unless all bytes from `end` on are zeros, as added groups take them for granted. */
export function* refuseTail(image: ImageReader, end: number): Steps<void> {
  if (hasVerityAt(image, end)) {
    throw new Docker2vmError("E_UNSUPPORTED", "a tree of hashes lies behind the filesystem (dm-verity)", {
      hint: "no byte of it may change: convert the image anew, with --verity and another --size",
    });
  }
  for (let at = end; at < image.size; at += PIECE) {
    const bytes = image.read(at, PIECE);
    if (ZEROS.compare(bytes, 0, bytes.length, 0, bytes.length) !== 0) {
      throw new Docker2vmError(
        "E_UNSUPPORTED",
        `the file has more behind the filesystem, from byte ${at} on`,
        {
          hint: `if nothing of that is wanted, 'truncate -s ${end}' on the file takes it away`,
        },
      );
    }
    yield;
  }
}

/** Whether a tree of hashes lies behind a filesystem that ends there, as `convert --verity` puts it. */
export function hasVerityAt(image: ImageReader, end: number): boolean {
  return isHashTree(image.read(end, SUPERBLOCK_BYTES));
}
