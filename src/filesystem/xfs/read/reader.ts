import { Docker2vmError } from "../../../errors.ts";
import type { FilesystemReader } from "../../reading/reader.ts";
import { blockUses } from "./block-uses.ts";
import { openXfs } from "./filesystem.ts";
import { inspect, type XfsFacts } from "./inspect.ts";

export const XFS_READER: FilesystemReader<XfsFacts> = {
  *open(image, options) {
    const filesystem = openXfs(image, options);
    return {
      filesystem,
      facts: () => inspect(filesystem),
      blockUses: () => blockUses(filesystem),
    };
  },
  // biome-ignore lint/correctness/useYield: nothing is checked
  *verify() {
    throw new Docker2vmError("E_UNSUPPORTED", "an XFS filesystem cannot be checked by this program", {
      hint: "check it with xfs_repair -n -f",
    });
  },
  remedies: {
    faults: "xfs_repair -f can mend a filesystem",
    noSuperblock: "xfs_repair -f may find a copy of its superblock",
  },
};
