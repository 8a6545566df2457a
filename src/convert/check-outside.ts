import { realpathSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";
import { Docker2vmError } from "../errors.ts";
import { absolutePath } from "../machine.ts";
import type { ImageRequest } from "./image-request.ts";

/** Throws E_USAGE for an output (absolute) that would come to lie in the folder that is read, and so in itself. */
export function checkOutside(source: ImageRequest["source"], out: string): void {
  if (source.kind !== "dir") return;
  const folder = realFolder(absolutePath(source.path));
  const below = relative(folder, realFolder(out));
  if (below === ".." || below.startsWith(`..${sep}`)) return;
  throw new Docker2vmError("E_USAGE", `${out}: the output would lie in the folder that is read`, {
    hint: "choose a place beside it or elsewhere",
  });
}

/** Without symlinks, as far as it is there. */
function realFolder(path: string): string {
  const missing: string[] = [];
  for (let there = path; ; there = dirname(there)) {
    try {
      return resolve(realpathSync(there), ...missing);
    } catch (error) {
      if (dirname(there) === there) throw error;
      missing.unshift(relative(dirname(there), there));
    }
  }
}
