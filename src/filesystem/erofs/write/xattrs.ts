/** Extended attributes: behind their inode, or once for all that have the same in an area that these refer to. */
import { viewOf } from "../../../blocks/field.ts";
import type { Xattr } from "../../../tree/inode.ts";
import { limitError, printable } from "../../kind/limit-error.ts";
import {
  LARGEST_NAME,
  LARGEST_VALUE,
  LARGEST_XATTR_BODY,
  MOST_SHARED,
  NAME_PREFIXES,
  SHARED_XATTR_ID_SIZE,
  XATTR_ALIGN,
  XATTR_ENTRY,
  XATTR_ENTRY_HEADER,
  XATTR_IBODY_HEADER,
  XATTR_IBODY_HEADER_SIZE,
} from "../format/xattr.ts";
import { isAcl, saysNothing } from "./acl.ts";

/** An attribute of the image, with how many inodes have it. */
export interface Attribute {
  /** e_name_index, and what follows the prefix that it stands for. */
  readonly index: number;
  readonly name: string;
  readonly value: Uint8Array;
  uses: number;
  /** Byte of the area of shared ones; undefined where it lies behind its inodes. */
  place: number | undefined;
}

/** The attributes of one inode, in order. */
export type PlannedXattrs = readonly Attribute[];

export const NO_ATTRIBUTES: PlannedXattrs = [];

/** The attributes as they lie behind an inode that shares none; undefined for what EROFS cannot hold. */
export function ownXattrs(xattrs: readonly Xattr[]): PlannedXattrs | undefined {
  if (xattrs.length === 0) return NO_ATTRIBUTES;
  const attributes: Attribute[] = [];
  for (const xattr of xattrs) {
    const named = diskName(xattr);
    if ("problem" in named) return undefined;
    if (!named.isEmpty) attributes.push(attributeOf(named, xattr));
  }
  return attributes.sort(byName);
}

/** Gathers the attributes of one inode after the other, and decides then which are shared. */
export class XattrPlanner {
  readonly #known = new Map<string, Attribute>();
  /** Those of each list that was seen: layers give the same one for many. */
  readonly #ofXattr = new Map<Xattr, Attribute | undefined>();

  /** Throws E_FILESYSTEM_LIMIT, naming the path, for what EROFS has no name or no room for. */
  plan(xattrs: readonly Xattr[], path: () => string): PlannedXattrs {
    if (xattrs.length === 0) return NO_ATTRIBUTES;
    const attributes = xattrs.flatMap((xattr) => this.#attribute(xattr, path) ?? []).sort(byName);
    const size = attributes.reduce((sum, attribute) => sum + entrySize(attribute), XATTR_IBODY_HEADER_SIZE);
    if (size > LARGEST_XATTR_BODY) {
      throw limitError(
        path(),
        `its extended attributes need ${size} bytes; EROFS holds ${LARGEST_XATTR_BODY}`,
        "remove or shorten extended attributes of the file in the image",
      );
    }
    for (const attribute of attributes) attribute.uses++;
    return attributes;
  }

  #attribute(xattr: Xattr, path: () => string): Attribute | undefined {
    if (this.#ofXattr.has(xattr)) return this.#ofXattr.get(xattr);
    const named = diskName(xattr);
    if ("problem" in named) throw xattrError(path, xattr, named.problem, named.hint);
    let attribute: Attribute | undefined;
    if (!named.isEmpty) {
      const key = `${xattr.name}\0${Buffer.from(xattr.value).toString("latin1")}`;
      attribute = this.#known.get(key) ?? attributeOf(named, xattr);
      this.#known.set(key, attribute);
    }
    this.#ofXattr.set(xattr, attribute);
    return attribute;
  }

  /**
   * Gives those that are worth it a place in the shared area, and all of `root`'s if these take more than `room` bytes
   * behind it. Returns what the area holds.
   */
  share(root: PlannedXattrs, room: number): readonly Attribute[] {
    const shared: Attribute[] = [];
    const apart = new Set(bodySize(root) > room ? root : []);
    let size = 0;
    for (const attribute of this.#known.values()) {
      const own = entrySize(attribute);
      const isWorthIt = own * (attribute.uses - 1) > SHARED_XATTR_ID_SIZE * attribute.uses;
      if (!isWorthIt && !apart.has(attribute)) continue;
      attribute.place = size;
      size += own;
      shared.push(attribute);
    }
    return shared;
  }
}

/** Bytes of the area that holds these. */
export function sharedSize(shared: readonly Attribute[]): number {
  const last = shared.at(-1);
  return last?.place === undefined ? 0 : last.place + entrySize(last);
}

export function encodeShared(shared: readonly Attribute[], bytes: Uint8Array): void {
  for (const attribute of shared) encodeEntry(attribute, bytes, attribute.place ?? 0);
}

/** Bytes behind an inode with these attributes. */
export function bodySize(attributes: PlannedXattrs): number {
  if (attributes.length === 0) return 0;
  const { shared, own } = split(attributes);
  return own.reduce(
    (sum, attribute) => sum + entrySize(attribute),
    XATTR_IBODY_HEADER_SIZE + shared.length * SHARED_XATTR_ID_SIZE,
  );
}

/** i_xattr_icount of an inode with a body of so many bytes. */
export function xattrCount(size: number): number {
  return size === 0 ? 0 : (size - XATTR_IBODY_HEADER_SIZE) / XATTR_ALIGN + 1;
}

/** Writes what lies behind an inode with these attributes at byte `at`. */
export function encodeBody(attributes: PlannedXattrs, bytes: Uint8Array, at: number): void {
  if (attributes.length === 0) return;
  const view = viewOf(bytes);
  const { shared, own } = split(attributes);
  XATTR_IBODY_HEADER.h_shared_count.put(view, at, shared.length);
  let where = at + XATTR_IBODY_HEADER_SIZE;
  for (const { place = 0 } of shared) {
    view.setUint32(where, place / XATTR_ALIGN, true);
    where += SHARED_XATTR_ID_SIZE;
  }
  for (const attribute of own) {
    encodeEntry(attribute, bytes, where);
    where += entrySize(attribute);
  }
}

/** The first of those that are shared, as many as an inode can refer to, and the others. */
function split(attributes: PlannedXattrs): { shared: Attribute[]; own: Attribute[] } {
  const shared: Attribute[] = [];
  const own: Attribute[] = [];
  for (const attribute of attributes) {
    if (attribute.place !== undefined && shared.length < MOST_SHARED) shared.push(attribute);
    else own.push(attribute);
  }
  return { shared, own };
}

function entrySize({ name, value }: Attribute): number {
  return Math.ceil((XATTR_ENTRY_HEADER + name.length + value.length) / XATTR_ALIGN) * XATTR_ALIGN;
}

function encodeEntry({ index, name, value }: Attribute, bytes: Uint8Array, at: number): void {
  const view = viewOf(bytes);
  XATTR_ENTRY.e_name_len.put(view, at, name.length);
  XATTR_ENTRY.e_name_index.put(view, at, index);
  XATTR_ENTRY.e_value_size.put(view, at, value.length);
  bytes.set(Buffer.from(name, "latin1"), at + XATTR_ENTRY_HEADER);
  bytes.set(value, at + XATTR_ENTRY_HEADER + name.length);
}

interface DiskName {
  readonly index: number;
  /** What follows the prefix. */
  readonly name: string;
  /** An ACL that says nothing: setxattr(2) drops it as well. */
  readonly isEmpty: boolean;
}

interface Fault {
  readonly problem: string;
  readonly hint: string;
}

const REMOVE = "remove the attribute from the image";

/** How EROFS names an attribute, or what it cannot hold of it. */
function diskName({ name, value }: Xattr): DiskName | Fault {
  const known = NAME_PREFIXES.find(({ prefix, whole }) =>
    whole ? name === prefix : name.startsWith(prefix) && name.length > prefix.length,
  );
  if (known === undefined) return { problem: "is of no kind that EROFS has", hint: REMOVE };
  const rest = name.slice(known.prefix.length);
  if (rest.length > LARGEST_NAME) {
    return { problem: "has too long a name", hint: "rename the attribute in the image" };
  }
  if (value.length > LARGEST_VALUE) {
    const problem = `has a value of ${value.length} bytes; EROFS holds ${LARGEST_VALUE}`;
    return { problem, hint: "remove or shorten the attribute in the image" };
  }
  if (known.whole && !isAcl(value)) return { problem: "is not a POSIX ACL of version 2", hint: REMOVE };
  return { index: known.index, name: rest, isEmpty: known.whole && saysNothing(value) };
}

function attributeOf({ index, name }: DiskName, { value }: Xattr): Attribute {
  return { index, name, value, uses: 0, place: undefined };
}

function xattrError(path: () => string, xattr: Xattr, problem: string, hint: string): Error {
  return limitError(path(), `the extended attribute ${printable(xattr.name)} ${problem}`, hint);
}

function byName(a: Attribute, b: Attribute): number {
  if (a.index !== b.index) return a.index - b.index;
  return a.name < b.name ? -1 : 1;
}
