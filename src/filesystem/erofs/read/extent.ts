import type { Algorithm } from "./compressed/algorithm.ts";

/** `length` bytes of a file from its byte `offset` on, and where they come from. */
export type FileExtent = StoredExtent | CompressedExtent | Fragment;

interface Extent {
  readonly offset: number;
  readonly length: number;
}

/** As they are from byte `position` of the image on: in blocks, or ("inline") among metadata. */
export interface StoredExtent extends Extent {
  readonly kind: "stored" | "inline";
  readonly position: number;
}

/** Made of the `size` bytes from byte `position` of the image on. */
export interface CompressedExtent extends Extent {
  readonly kind: "compressed";
  readonly position: number;
  readonly size: number;
  readonly algorithm: Algorithm;
  /** Whether they are among metadata. */
  readonly isInline: boolean;
}

/** In the filesystem's packed inode, from its byte `at` on. */
export interface Fragment extends Extent {
  readonly kind: "fragment";
  readonly at: number;
}
