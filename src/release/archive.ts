/** Archives whose bytes follow from what is in them. */
import { gzipSync, type Zippable, zipSync } from "fflate";
import { pack } from "tar-stream";

export interface Member {
  /** Without a slash at either end. */
  readonly path: string;
  readonly contents:
    | { readonly bytes: Uint8Array; readonly executable?: boolean }
    | { readonly link: string }
    | "folder";
  /** 0 if absent. */
  readonly owner?: number;
}

/** zip's first year, and the last that fflate writes. */
const ZIP_YEARS = { first: 1980, last: 2099 } as const;
const NOON = 12;
const MODE_SHIFT = 16;
const REGULAR = 0o100000;
const UNIX = 3;

/** A tar of the members in the order that they come in; all are of the time `seconds`. */
export async function tarOf(members: readonly Member[], seconds: number): Promise<Uint8Array> {
  const archive = pack();
  for (const { path, contents, owner = 0 } of members) {
    const head = { name: path, mtime: new Date(seconds * 1000), uid: owner, gid: owner };
    if (contents === "folder") archive.entry({ ...head, name: `${path}/`, type: "directory", mode: 0o755 });
    else if ("link" in contents)
      archive.entry({ ...head, type: "symlink", linkname: contents.link, mode: 0o777 });
    else
      archive.entry(
        { ...head, mode: contents.executable === true ? 0o755 : 0o644 },
        Buffer.from(contents.bytes),
      );
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** gzip by fflate, not by node:zlib, whose bytes differ from one runtime and processor to the next; without a time. */
export function gzip(bytes: Uint8Array): Uint8Array {
  return gzipSync(bytes, { level: 6, mtime: 0 });
}

/** A zip of the members that are files, all of noon on the day of `seconds`, in the nearest year that a zip can say. */
export function zipOf(members: readonly Member[], seconds: number): Uint8Array {
  const utc = new Date(seconds * 1000);
  const year = Math.min(Math.max(utc.getUTCFullYear(), ZIP_YEARS.first), ZIP_YEARS.last);
  // What a zip has is read off a local clock. That leaves hours of the night out, where summer begins.
  const mtime = new Date(year, utc.getUTCMonth(), utc.getUTCDate(), NOON);
  const files: Zippable = {};
  for (const { path, contents } of members) {
    if (contents === "folder" || "link" in contents) continue;
    const mode = REGULAR | (contents.executable === true ? 0o755 : 0o644);
    files[path] = [contents.bytes, { attrs: (mode << MODE_SHIFT) >>> 0, os: UNIX, mtime }];
  }
  return zipSync(files, { level: 6 });
}
