/**
 * Access control lists: the text that star and GNU tar write (acl(5), "ACL TEXT FORMS") into the form that the tree
 * carries.
 */
import {
  ACL_ENTRY_SIZE,
  ACL_GROUP,
  ACL_GROUP_OBJ,
  ACL_HEADER_SIZE,
  ACL_ID,
  ACL_MASK,
  ACL_OTHER,
  ACL_PERM,
  ACL_UNDEFINED_ID,
  ACL_USER,
  ACL_USER_OBJ,
  POSIX_ACL_XATTR_VERSION,
} from "../../tree/posix-acl.ts";

interface AclEntry {
  readonly tag: number;
  readonly perm: number;
  readonly id: number;
}

/** A list that says nothing the kernel could keep. */
export class AclFault extends Error {
  override readonly name = "AclFault";
}

/**
 * The kernel's form of an ACL's text, or undefined where it says no more than the mode does. Throws AclFault for
 * malformed text, and for names without their number: which one is known only inside the image.
 */
export function encodeAcl(text: string, kind: "access" | "default"): Buffer | undefined {
  const entries = text
    .split(/[,\n]/)
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "")
    .map(parseEntry);
  if (entries.length === 0) return undefined;
  checkEntries(entries);
  if (kind === "access" && entries.length === 3) return undefined;
  entries.sort((a, b) => a.tag - b.tag || a.id - b.id);
  const value = Buffer.alloc(ACL_HEADER_SIZE + ACL_ENTRY_SIZE * entries.length);
  value.writeUInt32LE(POSIX_ACL_XATTR_VERSION, 0);
  entries.forEach(({ tag, perm, id }, index) => {
    const at = ACL_HEADER_SIZE + ACL_ENTRY_SIZE * index;
    value.writeUInt16LE(tag, at);
    value.writeUInt16LE(perm, at + ACL_PERM);
    value.writeUInt32LE(id, at + ACL_ID);
  });
  return value;
}

/** "user:lisa:rw-:1001": the fourth field is star's, the number of the name. */
function parseEntry(line: string): AclEntry {
  const fields = line
    .replace(/^(default|d):/, "")
    .split(":")
    .map((field) => field.trim());
  const [kind = "", name = "", perms = "", number] = fields;
  // "other:r--" and "mask:r--" leave out the empty field.
  if (fields.length === 2 && /^(o|other|m|mask)$/.test(kind)) return entryOf(kind, "", name, undefined, line);
  if (fields.length < 3 || fields.length > 4) throw malformed(line);
  return entryOf(kind, name, perms, number, line);
}

function entryOf(
  kind: string,
  name: string,
  perms: string,
  number: string | undefined,
  line: string,
): AclEntry {
  const perm = parsePermissions(perms, line);
  const unnamed = name === "" && number === undefined;
  switch (kind) {
    case "u":
    case "user":
      return unnamed ? entry(ACL_USER_OBJ, perm) : entry(ACL_USER, perm, parseId(name, number));
    case "g":
    case "group":
      return unnamed ? entry(ACL_GROUP_OBJ, perm) : entry(ACL_GROUP, perm, parseId(name, number));
    case "m":
    case "mask":
      return entry(ACL_MASK, perm);
    case "o":
    case "other":
      return entry(ACL_OTHER, perm);
    default:
      throw malformed(line);
  }
}

function entry(tag: number, perm: number, id = ACL_UNDEFINED_ID): AclEntry {
  return { tag, perm, id };
}

function parsePermissions(perms: string, line: string): number {
  if (!/^[rwx-]{1,3}$/.test(perms)) throw malformed(line);
  return (perms.includes("r") ? 4 : 0) | (perms.includes("w") ? 2 : 0) | (perms.includes("x") ? 1 : 0);
}

function parseId(name: string, number: string | undefined): number {
  const digits = number ?? name;
  const id = /^[0-9]{1,10}$/.test(digits) ? Number(digits) : ACL_UNDEFINED_ID;
  if (id < ACL_UNDEFINED_ID) return id;
  throw new AclFault(`an access control list names "${name}" without its number`);
}

/** As the kernel's posix_acl_valid: each base entry once, a mask where there are named ones, no name twice. */
function checkEntries(entries: readonly AclEntry[]): void {
  const seen = new Set(entries.map(({ tag, id }) => `${tag}:${id}`));
  const count = (tag: number) => entries.filter((item) => item.tag === tag).length;
  const named = count(ACL_USER) + count(ACL_GROUP) > 0;
  const complete = [ACL_USER_OBJ, ACL_GROUP_OBJ, ACL_OTHER].every((tag) => count(tag) === 1);
  if (seen.size !== entries.length || !complete || (named && count(ACL_MASK) === 0)) {
    throw new AclFault("an access control list is incomplete or says something twice");
  }
}

function malformed(line: string): AclFault {
  return new AclFault(`an access control list has a malformed entry: ${JSON.stringify(line.slice(0, 80))}`);
}
