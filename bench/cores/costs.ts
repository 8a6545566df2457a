/** What a conversion's steps take on one core: of this machine's, or of any that they are scaled to. */

export interface LayerShape {
  /** Bytes as they are stored and as a tar; entries of the tar. */
  readonly stored: number;
  readonly plain: number;
  readonly entries: number;
}

/** Seconds of a core. */
export interface Costs {
  readonly storedByte: {
    /** Read from the page cache and hashed. */
    readonly readAndHash: number;
    readonly inflate: number;
  };
  readonly plainByte: {
    readonly inflate: number;
    readonly hash: number;
    readonly place: number;
    /** Past the page cache, in the kernel. */
    readonly write: number;
  };
  readonly entry: {
    /** Header, tree and place of the contents. */
    readonly place: number;
    /** Laid over the layers below. */
    readonly overlay: number;
    /** Planning and encoding, when all is there. */
    readonly finish: number;
  };
  /** Until layers are read. */
  readonly start: number;
  /** Of the end, whatever the image is. */
  readonly finish: number;
  /** The runtime's compilers and garbage collector, beside everything else: for each entry, and for any image. */
  readonly runtime: { readonly entry: number; readonly image: number };
}

export function sumOf(layers: readonly LayerShape[], of: (layer: LayerShape) => number): number {
  return layers.reduce((sum, layer) => sum + of(layer), 0);
}
