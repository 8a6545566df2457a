/** Prefixes of attributes that an image has of its own (xattr_prefixes). */

import { viewOf } from "../../../blocks/field.ts";
import { finished } from "../../../waiting/steps.ts";
import { COMPAT, INCOMPAT } from "../format/features.ts";
import { NAME_PREFIXES, XATTR_ALIGN } from "../format/xattr.ts";
import { broken } from "./broken.ts";
import { packedBytes } from "./packed.ts";
import type { Volume } from "./volume.ts";

const WHERE = "prefixes of attributes";
const LENGTH_SIZE = 2;
/** The length that two bytes of zero stand for. */
const LENGTH_OF_ZERO = 2 ** 16;

const known = new WeakMap<Volume, readonly string[]>();

/** The prefixes in the order of their numbers: as names begin, "user.overlay." for one. */
export function longPrefixes(volume: Volume): readonly string[] {
  const prefixes = known.get(volume) ?? readPrefixes(volume);
  known.set(volume, prefixes);
  return prefixes;
}

function readPrefixes(volume: Volume): string[] {
  const { xattr_prefix_count, xattr_prefix_start } = volume.superblock.fields;
  const read = prefixBytes(volume);
  const prefixes: string[] = [];
  let at = xattr_prefix_start * XATTR_ALIGN;
  for (let i = 0; i < xattr_prefix_count; i++) {
    const length = viewOf(read(at, LENGTH_SIZE)).getUint16(0, true) || LENGTH_OF_ZERO;
    const item = read(at + LENGTH_SIZE, length);
    const base = NAME_PREFIXES.find(({ index }) => index === item[0]);
    if (base === undefined) throw broken(WHERE, `number ${i} goes on from none that there is`);
    prefixes.push(base.prefix + Buffer.from(item.subarray(1)).toString("latin1"));
    at = Math.ceil((at + LENGTH_SIZE + length) / XATTR_ALIGN) * XATTR_ALIGN;
  }
  return prefixes;
}

/** They are in the packed inode if there is one, else in the image itself (erofs_xattr_prefixes_init). */
function prefixBytes(volume: Volume): (at: number, length: number) => Uint8Array {
  const { packed_nid, feature_compat, feature_incompat } = volume.superblock.fields;
  const isPlain = (feature_compat & COMPAT.plain_xattr_pfx) !== 0;
  const isPacked = (feature_incompat & INCOMPAT.fragments) !== 0 && packed_nid !== 0;
  if (isPlain || !isPacked) return (at, length) => volume.metadata(at, length, WHERE);
  return (at, length) => finished(packedBytes(volume, at, length));
}
