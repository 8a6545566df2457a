import type { FilesystemReader } from "../../reading/reader.ts";
import { blockUses } from "./block-uses.ts";
import { openErofs } from "./filesystem.ts";
import { type ErofsFacts, inspect } from "./inspect.ts";
import { verify } from "./verify/verify.ts";

export const EROFS_READER: FilesystemReader<ErofsFacts> = {
  *open(image) {
    const filesystem = openErofs(image);
    return {
      filesystem,
      facts: () => inspect(filesystem),
      blockUses: () => blockUses(filesystem),
    };
  },
  verify,
  remedies: {
    faults: "nothing mends an EROFS filesystem: make the image again",
    noSuperblock: "nothing mends it: EROFS has no other superblock",
  },
};
