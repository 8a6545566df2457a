import { given } from "../given.ts";
import type { SourceSpec } from "../source/source.ts";
import { FILE_FIELDS, type FileField } from "../tree/file-fields.ts";
import { type TreeDifference, type TreeFile, treeDifferences, xattrsOf } from "../tree/tree-diff.ts";
import { itemsInTurns } from "../waiting/steps.ts";
import { checkDemands, checkSource, type ImageDemands } from "./image-request.ts";
import type { ImageOptions } from "./options.ts";
import { checkChoices } from "./profile-request.ts";
import { type ReadContents, readContents } from "./read-contents.ts";
import { keyFor, temporaryScratch, withImage } from "./with-image.ts";

/** Two images, or root filesystems, that are compared, and how they are found. */
export interface DiffOptions extends Omit<ImageOptions, "source"> {
  /** What is, or was, there first: as the source of a conversion. */
  readonly before: SourceSpec | string;
  readonly after: SourceSpec | string;
  /** What may differ: files that are alike but for that count as the same. */
  readonly ignore?: readonly FileField[] | undefined;
}

/** A path that differs. */
export interface ImageDifference {
  /** Absolute: UTF-8, U+FFFD for what is none. */
  readonly path: string;
  readonly change: "added" | "removed" | "changed";
  /** What differs of a file that is changed; none of others. */
  readonly fields: readonly FileField[];
  /** Absent where it was added. */
  readonly before?: FileFacts;
  /** Absent where it was removed. */
  readonly after?: FileFacts;
}

/** What is told of a file. Text is as in `path`. */
export interface FileFacts {
  readonly type: "file" | "directory" | "symlink" | "char" | "block" | "fifo" | "socket";
  /** Permissions with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: { readonly seconds: number; readonly nanoseconds: number };
  /** Bytes, of a regular file. */
  readonly size?: number;
  /** What tells its contents from others; hexadecimal. Up to a MiB that is their sha256, without zeros at their end. */
  readonly contents?: string;
  /** Of a symlink. */
  readonly target?: string;
  /** Of a device: "major:minor". */
  readonly device?: string;
  /** By name, each value in hexadecimal digits. */
  readonly xattrs: Readonly<Record<string, string>>;
  /** Of one more name of a file: its first path. */
  readonly link?: string;
}

/**
 * Reads two images of any source or kind and tells what differs in their files, path by path. Throws as `convert` does
 * while it reads.
 *
 * @example
 * ```ts
 * import { diffImages } from "docker2vm";
 *
 * const differences = await diffImages({ before: "oci:./alpine", after: "oci:./alpine", platform: "linux/amd64" });
 * for (const { change, path, fields } of differences) console.log(change, path, fields);
 * ```
 */
export async function diffImages(asked: DiffOptions): Promise<readonly ImageDifference[]> {
  const { before, after, ignore = [], ...options } = given(asked, {}, { ignore: "texts" });
  checkChoices("field of a file", ignore, FILE_FIELDS);
  const demands = checkDemands(options);
  const sources = [
    checkSource({ source: before }, "before"),
    checkSource({ source: after }, "after"),
  ] as const;
  return demands.caller.serve(async () => {
    const [one, other] = [await readSource(sources[0], demands), await readSource(sources[1], demands)];
    const same = (a: Parameters<ReadContents["digestOf"]>[0], b: typeof a): boolean =>
      Buffer.compare(one.digestOf(a), other.digestOf(b)) === 0;
    const found: ImageDifference[] = [];
    for await (const difference of itemsInTurns(
      treeDifferences(one.root, other.root, same),
      demands.signal,
    )) {
      const told = described(difference, new Set(ignore), one, other);
      if (told !== undefined) found.push(told);
    }
    return found;
  });
}

async function readSource(source: SourceSpec, demands: ImageDemands): Promise<ReadContents> {
  const request = { ...demands, source };
  const opening = { ...temporaryScratch(), verifyKey: await keyFor(request), toRead: true };
  return withImage(request, opening, (found) => readContents(found, demands));
}

function described(
  { path, before, after, fields }: TreeDifference,
  ignored: ReadonlySet<FileField>,
  one: ReadContents,
  other: ReadContents,
): ImageDifference | undefined {
  const change = before === undefined ? "added" : after === undefined ? "removed" : "changed";
  const counted = fields.filter((field) => !ignored.has(field));
  if (change === "changed" && counted.length === 0) return undefined;
  return {
    path: textOf(path),
    change,
    fields: counted,
    ...(before === undefined ? {} : { before: factsOf(before, one) }),
    ...(after === undefined ? {} : { after: factsOf(after, other) }),
  };
}

function factsOf({ inode, link }: TreeFile, { digestOf }: ReadContents): FileFacts {
  const { mode, uid, gid, mtime } = inode.metadata;
  return {
    type: inode.type,
    mode,
    uid,
    gid,
    mtime,
    ...(inode.type === "file"
      ? { size: inode.size, contents: Buffer.from(digestOf(inode)).toString("hex") }
      : {}),
    ...(inode.type === "symlink" ? { target: textOf(inode.target) } : {}),
    ...("major" in inode ? { device: `${inode.major}:${inode.minor}` } : {}),
    xattrs: Object.fromEntries(xattrsOf(inode).map(([name, hex]) => [textOf(name), hex])),
    ...(link === undefined ? {} : { link: textOf(link) }),
  };
}

function textOf(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}
