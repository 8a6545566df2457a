import type { InflateChoice } from "../layer/decompress.ts";
import type { FilesystemNames, SourceOrigin } from "../source/source.ts";
import type { AttributePool } from "../tree/attribute-pool.ts";
import type { EntryPart } from "../tree/entry.ts";

/**
 * A root filesystem as it is: its files, without layers, without a config, and without a digest before all of it was
 * read.
 */
export interface RootFilesystem {
  readonly origin: SourceOrigin;
  /** What messages call it. */
  readonly name: string;
  /** Bytes that it is read from; undefined where nobody knows before. */
  readonly size: number | undefined;
  /** What the filesystem says of itself, where it is one already. */
  readonly names?: FilesystemNames;
  /** When it was made, RFC 3339; absent where nothing says so. */
  readonly created?: string | undefined;
  readonly warnings: readonly string[];
  /**
   * Every file, a directory before what is in it, the names of one file by hard links to the first: in an order that is
   * the same each time. Each list is good until the next. To be read once. Throws what the place holds that cannot be
   * read, E_IO where it changes meanwhile, and the signal's reason.
   */
  read(options: ReadOptions): AsyncIterable<readonly EntryPart[]>;
  /** To be asked when all was read, with the names in the root: throws where that is no root filesystem. */
  check?(names: Iterable<string>): void;
  close(): Promise<void>;
}

export interface ReadOptions {
  readonly signal: AbortSignal;
  readonly inflate: InflateChoice;
  /** Where extended attributes are kept. */
  readonly attributes: AttributePool;
  /** Whether extended attributes are of no use this time; false if absent. */
  readonly withoutXattrs?: boolean | undefined;
  /** Whether `stored` of an entry counts, which a file may have to be read for; false if absent: it is the size then. */
  readonly withStored?: boolean | undefined;
  /** Hears what is not an error; the message does not name the source. */
  readonly onWarning: (message: string) => void;
  /** Hears of bytes as they were read, uncompressed. */
  readonly onBytes: (bytes: number) => void;
}
