/** Users and groups that extended attributes name: of a file that becomes another's they become others, too. */
import type { MapId } from "./ownership.ts";

/** How the numbers in attributes become those in the image. */
export interface AttributeIds {
  readonly uid: MapId;
  readonly gid: MapId;
}

/** include/uapi/linux/posix_acl_xattr.h: a version, then entries of a tag, permissions and a number. */
const ACL = /^system\.posix_acl_(?:access|default)$/;
const ACL_VERSION = 2;
const ACL_HEADER = 4;
const ACL_ENTRY = 8;
const ID = 4;
/** include/uapi/linux/posix_acl.h: the tags whose entries have a number. */
const ACL_USER = 0x02;
const ACL_GROUP = 0x08;

/** include/uapi/linux/capability.h: revision 3 is revision 2 and whose namespace it counts in, by that one's root. */
const CAPABILITY = "security.capability";
const REVISION_MASK = 0xff000000;
const REVISION_2 = 0x02000000;
const REVISION_3 = 0x03000000;
const SIZE_2 = 20;
const SIZE_3 = 24;

/** The value (bytes, one character each) with its numbers mapped; as it is, where it has none or is malformed. */
export function mappedXattr(name: string, value: string, ids: AttributeIds): string {
  if (name === CAPABILITY) return mappedCapability(value, ids);
  return ACL.test(name) ? mappedAcl(value, ids) : value;
}

function mappedAcl(value: string, { uid, gid }: AttributeIds): string {
  const bytes = Buffer.from(value, "latin1");
  if (bytes.length < ACL_HEADER || (bytes.length - ACL_HEADER) % ACL_ENTRY !== 0) return value;
  if (bytes.readUInt32LE(0) !== ACL_VERSION) return value;
  const entries: Buffer[] = [];
  for (let at = ACL_HEADER; at < bytes.length; at += ACL_ENTRY) {
    const entry = bytes.subarray(at, at + ACL_ENTRY);
    const [tag, id] = [entry.readUInt16LE(0), entry.readUInt32LE(ID)];
    if (tag === ACL_USER) entry.writeUInt32LE(uid(id), ID);
    if (tag === ACL_GROUP) entry.writeUInt32LE(gid(id), ID);
    entries.push(entry);
  }
  // As whoever sets a list sorts it.
  entries.sort((a, b) => a.readUInt16LE(0) - b.readUInt16LE(0) || a.readUInt32LE(ID) - b.readUInt32LE(ID));
  return Buffer.concat([bytes.subarray(0, ACL_HEADER), ...entries]).toString("latin1");
}

/** Those that count in the namespace of root count everywhere: without a number, as root has them. */
function mappedCapability(value: string, { uid }: AttributeIds): string {
  const bytes = Buffer.from(value, "latin1");
  if (bytes.length !== SIZE_3) return value;
  const magic = bytes.readUInt32LE(0);
  if ((magic & REVISION_MASK) >>> 0 !== REVISION_3) return value;
  const root = uid(bytes.readUInt32LE(SIZE_2));
  bytes.writeUInt32LE(root, SIZE_2);
  if (root !== 0) return bytes.toString("latin1");
  bytes.writeUInt32LE(((magic & ~REVISION_MASK) | REVISION_2) >>> 0, 0);
  return bytes.toString("latin1", 0, SIZE_2);
}
