import { TarFault } from "../../tar/fault.ts";
import { LIBARCHIVE_XATTR, SCHILY_XATTR } from "../../tar/records.ts";
import type { AttributePool } from "../../tree/attribute-pool.ts";
import { NO_XATTRS, type Xattr } from "../../tree/inode.ts";
import { AclFault, encodeAcl } from "./acl.ts";
import type { Warn } from "./warn.ts";

const SCHILY_ACLS = [
  ["access", "SCHILY.acl.access", "system.posix_acl_access"],
  ["default", "SCHILY.acl.default", "system.posix_acl_default"],
] as const;

/** What overlay mounts of the builder leave behind: it means something to that mount alone. */
const OVERLAY_LITTER = /^(trusted|user)\.overlay\./;
/** Of that, what changes which files the mount shows. */
const OVERLAY_CHANGES = /\.overlay\.(opaque|redirect|metacopy|whiteouts?|xattr_whiteouts?)$/;

/**
 * Kinds that Linux has for every filesystem, by xattr(7), each with a name. Of "system." only access control lists are;
 * the others belong to one filesystem, and setxattr(2) is refused everywhere else.
 */
const KNOWN = /^(?:(?:user|trusted|security)\.[^\0]+|system\.posix_acl_(?:access|default))$/;

/** include/uapi/linux/limits.h: XATTR_NAME_MAX and XATTR_SIZE_MAX. */
const XATTR_NAME_MAX = 255;
const XATTR_SIZE_MAX = 65536;

/** Reads entries' extended attributes. Equal ones share one object, as do the lists of those that have only global ones. */
export class XattrReader {
  readonly #pool: AttributePool;
  /** Those that only global headers give, by whether user attributes are allowed. */
  #global: { readonly records: Records; readonly lists: Map<boolean, readonly Xattr[]> } | undefined;
  /** The entry's before, if nothing of it was left out. */
  #last:
    | { readonly records: Records; readonly userAllowed: boolean; readonly list: readonly Xattr[] }
    | undefined;

  constructor(pool: AttributePool) {
    this.#pool = pool;
  }

  /**
   * Throws TarFault for attributes that Linux could not hold; what is left out without harm is told to `warn`.
   *
   * @param userAllowed whether the entry may have user.* ones: only regular files and directories may, by xattr(7)
   */
  read(extension: Attributes, userAllowed: boolean, warn: Warn): readonly Xattr[] {
    const { attributes, globalAttributes } = extension;
    if (attributes.size > 0) {
      const all = globalAttributes.size === 0 ? attributes : new Map([...globalAttributes, ...attributes]);
      return this.#own(all, userAllowed, warn);
    }
    if (globalAttributes.size === 0) return NO_XATTRS;
    if (this.#global?.records !== globalAttributes) {
      this.#global = { records: globalAttributes, lists: new Map() };
    }
    const { lists } = this.#global;
    const list = lists.get(userAllowed) ?? this.#list(globalAttributes, userAllowed, warn);
    lists.set(userAllowed, list);
    return list;
  }

  #list(records: Records, userAllowed: boolean, warn: Warn): Xattr[] {
    const kept: Xattr[] = [];
    for (const [name, value] of collect(records, warn)) {
      if (isWanted(name, userAllowed, warn)) {
        checkLimits(name, value);
        kept.push(this.#pool.get(name, value));
      }
    }
    return kept;
  }

  /** Neighbours mostly have the same attributes: then they share the list. */
  #own(records: Records, userAllowed: boolean, warn: Warn): readonly Xattr[] {
    const last = this.#last;
    if (last?.userAllowed === userAllowed && sameRecords(records, last.records)) return last.list;
    const list = this.#list(records, userAllowed, warn);
    if (list.length === 0) return NO_XATTRS;
    this.#pool.keepList(list.length);
    this.#last = list.length === records.size ? { records, userAllowed, list } : undefined;
    return list;
  }
}

function sameRecords(a: Records, b: Records): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (b.get(key) !== value) return false;
  return true;
}

type Records = ReadonlyMap<string, string>;

/** Records of attributes by keyword: an entry's own, and those of the global headers. */
export interface Attributes {
  readonly attributes: Records;
  readonly globalAttributes: Records;
}

function isWanted(name: string, userAllowed: boolean, warn: Warn): boolean {
  const leftOut = (why: string) => () =>
    `the attribute ${JSON.stringify(name.slice(0, 80))} is left out: ${why}`;
  if (OVERLAY_LITTER.test(name)) {
    if (OVERLAY_CHANGES.test(name))
      warn("overlayfs", leftOut("it is overlayfs's own, and hides nothing here"));
    return false;
  }
  if (!KNOWN.test(name)) {
    warn("foreign attribute", leftOut("Linux has none of that kind"));
    return false;
  }
  if (name.startsWith("user.") && !userAllowed) {
    warn("user attribute", leftOut("only files and directories can have user attributes"));
    return false;
  }
  return true;
}

/**
 * All attributes by name, the values as bytes, one character each. What several writers' records say about one: raw
 * values win, access control lists lose. Of records that nobody but their writers reads, malformed ones are left out.
 */
function collect(records: Records, warn: Warn): Map<string, string> {
  const found = new Map<string, string>();
  for (const [kind, key, name] of SCHILY_ACLS) {
    const text = records.get(key);
    const value = text === undefined ? undefined : aclValue(text, kind, warn);
    if (value !== undefined) found.set(name, value);
  }
  for (const [key, value] of records) {
    if (!key.startsWith(LIBARCHIVE_XATTR)) continue;
    const name = percentDecode(key.slice(LIBARCHIVE_XATTR.length));
    if (BASE64.test(value)) found.set(name, Buffer.from(value, "base64").toString("latin1"));
    else
      warn("attribute", () => `the attribute ${JSON.stringify(name)} is left out: its value is not base64`);
  }
  for (const [key, value] of records) {
    if (key.startsWith(SCHILY_XATTR)) found.set(key.slice(SCHILY_XATTR.length), value);
  }
  return found;
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function aclValue(text: string, kind: "access" | "default", warn: Warn): string | undefined {
  try {
    return encodeAcl(text, kind)?.toString("latin1");
  } catch (error) {
    if (!(error instanceof AclFault)) throw error;
    warn("access control list", () => `its ${kind} list is left out: ${error.message}`);
    return undefined;
  }
}

function checkLimits(name: string, value: string): void {
  const shown = JSON.stringify(name.slice(0, 80));
  if (name.length > XATTR_NAME_MAX)
    throw new TarFault(`the attribute name ${shown}… is longer than 255 bytes`);
  if (value.length > XATTR_SIZE_MAX) {
    throw new TarFault(`the attribute ${shown} holds ${value.length} bytes; Linux allows 65536`);
  }
}

function percentDecode(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
