/** `length` blocks of a file from its block `logical` on, at block `physical` of the image. */
export interface MappedRun {
  readonly logical: number;
  readonly physical: number;
  readonly length: number;
  /** Allocated but never written: reads as zeros. */
  readonly unwritten: boolean;
}

/** Told of every block of the mapping itself before it is read; throws to keep it from being read. */
export type MetadataVisitor = (block: number) => void;
