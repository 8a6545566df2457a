import { NO_XATTRS, type Xattr } from "../../tree/inode.ts";
import { encodeAcl, UnresolvedAclName } from "./acl.ts";
import { TarFault } from "./fault.ts";
import type { Warn } from "./warn.ts";

/** star's, GNU tar's and Go's: the name as it is, the value's bytes as they are. */
const SCHILY_XATTR = "SCHILY.xattr.";
/** libarchive's: the name percent-encoded, the value in base64. */
const LIBARCHIVE_XATTR = "LIBARCHIVE.xattr.";
const SCHILY_ACLS = [
  ["access", "SCHILY.acl.access", "system.posix_acl_access"],
  ["default", "SCHILY.acl.default", "system.posix_acl_default"],
] as const;

/** What overlay mounts of the builder leave behind: it means something to that mount alone. */
const OVERLAY_LITTER = /^(trusted|user)\.overlay\./;

/** include/uapi/linux/limits.h: XATTR_NAME_MAX and XATTR_SIZE_MAX. */
const XATTR_NAME_MAX = 255;
const XATTR_SIZE_MAX = 65536;

/**
 * The extended attributes among an entry's extended header records. Throws TarFault for malformed ones and for those
 * that Linux could not hold; what is dropped without harm is told to `warn`.
 *
 * @param userAllowed whether the entry may have user.* ones: only regular files and directories may, by xattr(7)
 */
export function readXattrs(
  pax: ReadonlyMap<string, string>,
  userAllowed: boolean,
  warn: Warn,
): readonly Xattr[] {
  if (pax.size === 0) return NO_XATTRS;
  const kept: Xattr[] = [];
  for (const [name, value] of collect(pax, warn)) {
    if (OVERLAY_LITTER.test(name)) continue;
    checkLimits(name, value);
    if (name.startsWith("user.") && !userAllowed) {
      warn(
        "user attribute",
        () =>
          `the attribute ${JSON.stringify(name)} is left out: only files and directories can have user attributes`,
      );
    } else kept.push({ name, value });
  }
  return kept.length === 0 ? NO_XATTRS : kept;
}

/** All attributes by name. What several writers' records say about one: raw values win, access control lists lose. */
function collect(pax: ReadonlyMap<string, string>, warn: Warn): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  for (const [kind, key, name] of SCHILY_ACLS) {
    const text = pax.get(key);
    const value = text === undefined ? undefined : aclValue(text, kind, warn);
    if (value !== undefined) found.set(name, value);
  }
  for (const [key, value] of pax) {
    if (key.startsWith(LIBARCHIVE_XATTR))
      found.set(percentDecode(key.slice(LIBARCHIVE_XATTR.length)), base64(value));
  }
  for (const [key, value] of pax) {
    if (key.startsWith(SCHILY_XATTR)) found.set(key.slice(SCHILY_XATTR.length), Buffer.from(value, "latin1"));
  }
  return found;
}

function aclValue(text: string, kind: "access" | "default", warn: Warn): Uint8Array | undefined {
  try {
    return encodeAcl(text, kind);
  } catch (error) {
    if (!(error instanceof UnresolvedAclName)) throw error;
    warn("access control list", () => `its ${kind} list is left out: ${error.message}`);
    return undefined;
  }
}

function checkLimits(name: string, value: Uint8Array): void {
  const shown = JSON.stringify(name.slice(0, 80));
  if (name === "" || name.includes("\0"))
    throw new TarFault(`the attribute name ${shown} is empty or holds a NUL`);
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

function base64(text: string): Uint8Array {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new TarFault("an attribute's value is not base64");
  return Buffer.from(text, "base64");
}
