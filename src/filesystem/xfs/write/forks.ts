/** How the room in an inode is divided between what it holds and its attributes, and what of either lies inside. */
import { FORKOFF_UNIT, LITERAL_AREA_SIZE } from "../format/inode.ts";

/**
 * An inode's room. The border lies at a multiple of 8 bytes: the data fork before it, the attribute fork behind it, if
 * there are attributes.
 */
export interface Forks {
  readonly dataBytes: number;
  /** 0 where there are no attributes. */
  readonly attrBytes: number;
  /** Whether the attributes lie inside. */
  readonly shortAttributes: boolean;
  /** Whether a directory's entries or a symlink's target lie inside. */
  readonly localData: boolean;
}

/** The least that either fork has beside the other: a root with three children, and one with two (xfs_bmap_btree.h). */
const LEAST_DATA = 56;
const LEAST_ATTR = 40;
/** Where the kernel puts the border for attributes that lie outside. */
const USUAL_DATA = 192;
/** A device's number, and the unit of the border. */
const DEVICE_DATA = FORKOFF_UNIT;

/** Most bytes of entries or of a target inside an inode. */
export const MOST_LOCAL = LITERAL_AREA_SIZE;

/** Of an inode without attributes, whose data, if it is local at all, fits. */
export const WHOLE: Forks = {
  dataBytes: LITERAL_AREA_SIZE,
  attrBytes: 0,
  shortAttributes: false,
  localData: true,
};
const WHOLE_OUTSIDE: Forks = { ...WHOLE, localData: false };

/** What of an inode with attributes wants to lie inside it. */
export interface ForkDemand {
  /** Whether it is a device, a fifo or a socket: then there is a number of fixed length, or none. */
  readonly isSpecial: boolean;
  /** Bytes of a directory's entries or a symlink's target; 0 for others. */
  readonly local: number;
  /** Bytes of attributes in their short form. */
  readonly attributes: number;
}

/** Of an inode without attributes: of nearly all, and nothing is made for them. */
export function forksWithoutAttributes(local: number): Forks {
  return local <= MOST_LOCAL ? WHOLE : WHOLE_OUTSIDE;
}

/** Attributes go first: what a directory or a symlink does not have inside is one block elsewhere. */
export function forksFor({ isSpecial, local, attributes }: ForkDemand): Forks {
  if (isSpecial) return divided(DEVICE_DATA, attributes, 0);
  const attrBytes = Math.max(roundUp(attributes), LEAST_ATTR);
  if (attrBytes <= LITERAL_AREA_SIZE - LEAST_DATA) {
    return divided(LITERAL_AREA_SIZE - attrBytes, attributes, local);
  }
  const wanted = Math.max(roundUp(local), USUAL_DATA);
  const dataBytes = wanted <= LITERAL_AREA_SIZE - LEAST_ATTR ? wanted : USUAL_DATA;
  return divided(dataBytes, attributes, local);
}

function divided(dataBytes: number, attributes: number, local: number): Forks {
  const attrBytes = LITERAL_AREA_SIZE - dataBytes;
  return {
    dataBytes,
    attrBytes,
    shortAttributes: attributes <= attrBytes,
    localData: local <= dataBytes,
  };
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / FORKOFF_UNIT) * FORKOFF_UNIT;
}
