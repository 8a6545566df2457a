/** What each kind of filesystem gives whoever reads images without knowing what is in them. */

import type { Steps } from "../../waiting/steps.ts";
import type { BlockUses } from "./block-use.ts";
import type { FilesystemFacts } from "./facts.ts";
import type { ReadableFilesystem } from "./filesystem.ts";
import type { ImageReader } from "./image.ts";
import type { Verification } from "./verification.ts";

export interface OpenOptions {
  /** Read what is in place even though a journal holds changes to it. */
  readonly ignoreJournal?: boolean;
}

export interface OpenedFilesystem<Facts extends FilesystemFacts = FilesystemFacts> {
  readonly filesystem: ReadableFilesystem;
  facts(): Facts;
  /** What all blocks are for. Throws E_INVALID_FILESYSTEM for what is broken. */
  blockUses(): BlockUses;
}

export interface FilesystemReader<Facts extends FilesystemFacts = FilesystemFacts> {
  /**
   * Throws E_INVALID_FILESYSTEM if there is none that can be read, E_UNSUPPORTED naming a feature that this program does
   * not know, and E_NEEDS_RECOVERY for a journal that it does not replay.
   */
  open(image: ImageReader, options?: OpenOptions): Steps<OpenedFilesystem<Facts>>;
  /** Checks everything, and changes nothing. Throws E_UNSUPPORTED for what cannot be checked, and E_IO. */
  verify(image: ImageReader): Steps<Verification>;
  /** What can be done where a check found faults, and where it found no superblock to begin with: clauses. */
  readonly remedies: { readonly faults: string; readonly noSuperblock: string };
}
