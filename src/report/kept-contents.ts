import type { ContentListener } from "../layer/unpack.ts";
import type { FileEntry } from "../tree/entry.ts";
import type { RegularFile } from "../tree/inode.ts";
import { mayListPackages } from "./facts/packages.ts";

/** Bytes of one list of packages; a desktop has 5 MiB. */
const MOST_KEPT = 32 << 20;
/** Of all lists: layers may have one each. */
const MOST_OF_ALL = 128 << 20;

/** What of contents a report needs beside their digests: how many bytes there are, and lists of packages. */
export class KeptContents {
  readonly #stored = new Map<RegularFile, number>();
  readonly #texts = new Map<RegularFile, Uint8Array>();
  #left = MOST_OF_ALL;

  /** To hear of the contents of one stream. */
  newListener(): ContentListener {
    let stored = 0;
    let kept: Uint8Array | undefined;
    return {
      begin: (entry) => {
        stored = 0;
        kept = this.#room(entry);
      },
      write: (offset, bytes) => {
        stored += bytes.length;
        kept?.set(bytes, offset);
        return undefined;
      },
      end: (file) => {
        if (stored !== file.size) this.#stored.set(file, stored);
        if (kept !== undefined) this.#texts.set(file, kept);
      },
    };
  }

  /** Bytes of the file that came; the others are holes. */
  storedOf(file: RegularFile): number {
    return this.#stored.get(file) ?? file.size;
  }

  textOf(file: RegularFile): string | undefined {
    const bytes = this.#texts.get(file);
    return bytes === undefined ? undefined : Buffer.from(bytes).toString("utf8");
  }

  #room({ path, size }: FileEntry): Uint8Array | undefined {
    if (!mayListPackages(path) || size > MOST_KEPT || size > this.#left) return undefined;
    this.#left -= size;
    return new Uint8Array(size);
  }
}
