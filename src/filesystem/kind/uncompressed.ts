import { Docker2vmError } from "../../errors.ts";
import type { FilesystemOptions } from "./kind.ts";

/** Throws E_USAGE where compression is asked of a filesystem that has none. */
export function checkUncompressed({ compress = "none", clusterSize }: FilesystemOptions, name: string): void {
  if (compress === "none" && clusterSize === undefined) return;
  const option = compress === "none" ? "--cluster-size" : "--compress";
  throw new Docker2vmError("E_USAGE", `${name} has no compression`, {
    hint: `choose --fs erofs, or leave ${option} out`,
  });
}
