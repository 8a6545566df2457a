/** The files that say who a root filesystem's users are. */
import { readFileSync } from "node:fs";
import { Docker2vmError } from "../errors.ts";
import type { ReadableFilesystem } from "../filesystem/reading/filesystem.ts";
import { filledContents } from "../filesystem/reading/filled.ts";
import { lookup } from "../filesystem/reading/lookup.ts";
import { finished, unpaused } from "../waiting/steps.ts";
import { findInside } from "./inside.ts";

/** Their texts, bytes, one character each; empty for what is not there. */
export interface Accounts {
  readonly passwd: string;
  readonly group: string;
}

/** Larger ones are taken as missing: no account of an image's own is in such a file. */
const LIMIT = 4 << 20;

/** By files in an image. */
export function accountsIn(filesystem: ReadableFilesystem): Accounts {
  return read((path) => {
    try {
      const inode = finished(lookup(filesystem, path));
      if (inode.type !== "file" || inode.size > LIMIT) return undefined;
      return Buffer.concat([...unpaused(filledContents(filesystem, inode))]);
    } catch (error) {
      if (error instanceof Docker2vmError && error.code === "E_PATH_NOT_FOUND") return undefined;
      throw error;
    }
  });
}

/** By files in a folder. */
export function accountsBelow(root: string): Accounts {
  return read((path) => {
    const found = findInside(root, path);
    if (!found?.stats.isFile() || found.stats.size > LIMIT) return undefined;
    try {
      return readFileSync(found.path);
    } catch {
      // As what cannot be looked at: not there for this user.
      return undefined;
    }
  });
}

function read(contents: (path: string) => Uint8Array | undefined): Accounts {
  const [passwd = "", group = ""] = ["/etc/passwd", "/etc/group"].map((path) =>
    Buffer.from(contents(path) ?? []).toString("latin1"),
  );
  return { passwd, group };
}
