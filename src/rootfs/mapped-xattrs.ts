/** Users and groups that extended attributes name: of a file that becomes another's they become others, too. */
import {
  ACL_ENTRY_SIZE,
  ACL_GROUP,
  ACL_HEADER_SIZE,
  ACL_ID,
  ACL_USER,
  POSIX_ACL_XATTR_VERSION,
} from "../tree/posix-acl.ts";
import type { MapId } from "./ownership.ts";

/** How the numbers in attributes become those in the image. */
export interface AttributeIds {
  readonly uid: MapId;
  readonly gid: MapId;
}

const ACL = /^system\.posix_acl_(?:access|default)$/;

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
  if (bytes.length < ACL_HEADER_SIZE || (bytes.length - ACL_HEADER_SIZE) % ACL_ENTRY_SIZE !== 0) return value;
  if (bytes.readUInt32LE(0) !== POSIX_ACL_XATTR_VERSION) return value;
  const entries: Buffer[] = [];
  for (let at = ACL_HEADER_SIZE; at < bytes.length; at += ACL_ENTRY_SIZE) {
    const entry = bytes.subarray(at, at + ACL_ENTRY_SIZE);
    const [tag, id] = [entry.readUInt16LE(0), entry.readUInt32LE(ACL_ID)];
    if (tag === ACL_USER) entry.writeUInt32LE(uid(id), ACL_ID);
    if (tag === ACL_GROUP) entry.writeUInt32LE(gid(id), ACL_ID);
    entries.push(entry);
  }
  // As whoever sets a list sorts it.
  entries.sort(
    (a, b) => a.readUInt16LE(0) - b.readUInt16LE(0) || a.readUInt32LE(ACL_ID) - b.readUInt32LE(ACL_ID),
  );
  return Buffer.concat([bytes.subarray(0, ACL_HEADER_SIZE), ...entries]).toString("latin1");
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
