import type { FilesystemReader } from "../../reading/reader.ts";
import { blockUses } from "./block-uses.ts";
import { openExt4 } from "./filesystem.ts";
import { type Ext4Facts, inspect } from "./inspect.ts";
import { verify } from "./verify/verify.ts";

/** ext4, ext3 and ext2. */
export const EXT4_READER: FilesystemReader<Ext4Facts> = {
  *open(image, options) {
    const filesystem = yield* openExt4(image, options);
    return {
      filesystem,
      facts: () => inspect(filesystem),
      blockUses: () => blockUses(filesystem.volume),
    };
  },
  verify,
  remedies: {
    faults: "e2fsck can mend a filesystem",
    noSuperblock: "e2fsck may find a copy of its superblock",
  },
};
