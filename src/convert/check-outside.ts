import { realpathSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";
import { Docker2vmError } from "../errors.ts";
import { absolutePath } from "../machine.ts";
import type { ImageRequest } from "./image-request.ts";
import type { Conversion } from "./request.ts";

/** Throws E_USAGE for an output (absolute) that would come to lie in a folder that is read, and so in itself. */
export function checkOutside({ source, edits }: OutsideRequest, out: string): void {
  if (source.kind === "dir") checkApart(source.path, out, "the folder that is read");
  for (const edit of edits) {
    if (edit.type !== "add" || typeof edit.source !== "string") continue;
    checkApart(edit.source, out, `${edit.source}, which is to be added`);
  }
}

type OutsideRequest = Pick<ImageRequest, "source"> & Pick<Conversion, "edits">;

function checkApart(path: string, out: string, what: string): void {
  const below = relative(realFolder(absolutePath(path)), realFolder(out));
  if (below === ".." || below.startsWith(`..${sep}`)) return;
  throw new Docker2vmError("E_USAGE", `${out}: the output would lie in ${what}`, {
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
